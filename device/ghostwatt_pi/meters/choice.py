"""Finds the meter's serial port among those of this machine, and tries it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.serial_port import SerialMeter
from ghostwatt_pi.meters.usb import ListPorts, UsbPort, list_usb_ports
from ghostwatt_pi.settings.config import BadSetting

KNOWN_VENDORS = {
    0x2341: "Arduino",
    0x2A03: "Arduino",
    0x1A86: "CH340",
    0x0403: "FTDI",
    0x10C4: "CP210x",
    0x067B: "PL2303",
}
"""USB vendors of boards and of their serial chips (the ids as in the Linux USB id list)."""
READING_SECONDS = 20.0
"""An Arduino resets when its port is opened, two seconds, and measures up to four outlets before it speaks."""
Ask = Callable[[str], str]


class NoReading(Exception):
    """The port gave no reading; the text says what it gave, and what to try."""


def candidates(ports: Iterable[UsbPort]) -> list[UsbPort]:
    """The USB ports that may be a meter: those of known vendors, or if there is none all of them."""
    usb = sorted((port for port in ports if port.vid is not None), key=lambda port: port.device)
    return [port for port in usb if port.vid in KNOWN_VENDORS] or usb


def only_port(list_ports: ListPorts = list_usb_ports) -> str:
    """The one port that may be a meter. Raises BadSetting, which names them, unless there is just one."""
    return choose_port(list_ports, ask=None)


def choose_port(list_ports: ListPorts, ask: Ask | None) -> str:
    """The one port that may be a meter; of several the one that a person chooses. Raises BadSetting."""
    found = candidates(list_ports())
    if len(found) == 1:
        return found[0].device
    if not found:
        raise BadSetting("serial is not set: give the meter's port with --serial (none is plugged in)")
    if ask is None:
        names = ", ".join(_name(port) for port in found)
        raise BadSetting(f"serial is not set: give the meter's port with --serial ({names})")
    return _chosen(found, ask)


def ask_at_terminal() -> Ask | None:
    """How to ask a person; None when nobody is there."""
    return input if sys.stdin.isatty() and sys.stdout.isatty() else None


def first_reading(port: str, baud: int, log: EventLog, seconds: float = READING_SECONDS) -> Measurement:
    """Wait for one good line of the meter. Raises NoReading."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()

    def listen(event: str, **fields: object) -> None:
        log(event, **fields)
        if event == "meter_lost":
            stop.set()

    meter = SerialMeter(port, baud, listen)
    try:
        for measurements in meter.measurements(stop):
            return measurements[0]
    finally:
        timer.cancel()
    raise NoReading(_why_none(meter, port, baud, seconds))


def _why_none(meter: SerialMeter, port: str, baud: int, seconds: float) -> str:
    if meter.errors["disconnected"]:
        return f"{port} cannot be opened: is it plugged in, and does no other program use it?"
    if meter.bad_lines:
        return (
            f"{port} sends {meter.bad_lines} lines that are no readings: is {baud} its baud rate, and the sketch ours?"
        )
    return f"{port} is silent for {seconds:.0f} s: is the sketch on the Arduino, and the meter wired?"


def _chosen(found: list[UsbPort], ask: Ask) -> str:
    lines = [f"  {number} {_name(port)}" for number, port in enumerate(found, 1)]
    question = "\n".join(["Which one is the meter?", *lines, f"1 to {len(found)}: "])
    while True:
        answer = ask(question).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(found):
            return found[int(answer) - 1].device


def _name(port: UsbPort) -> str:
    return f"{port.device} ({KNOWN_VENDORS.get(port.vid or 0, 'USB')})"
