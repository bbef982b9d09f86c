"""Finds the serial port of the meter, and the USB device behind a port.

A device that is unplugged and plugged in again may get another port name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports

from ghostwatt_pi.settings.config import BadSetting

KNOWN_VENDORS = {
    0x2341: "Arduino",
    0x2A03: "Arduino",
    0x1A86: "CH340",
    0x0403: "FTDI",
    0x10C4: "CP210x",
    0x067B: "PL2303",
}
"""USB vendors of boards and of their serial chips. Source: the Linux USB id list."""


class UsbPort(Protocol):
    """A port in pyserial's list; the ids are None where it is not USB."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


ListPorts = Callable[[], Iterable[UsbPort]]
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """Vendor, product and serial number; cheap converters have no serial number."""

    vid: int
    pid: int
    serial_number: str | None


def list_usb_ports() -> Iterable[UsbPort]:
    """List the serial ports of this machine."""
    return list_ports.comports()


def is_there(port: str, list_ports: ListPorts = list_usb_ports) -> bool:
    """Whether a port exists. On Windows a port such as COM3 is no file, and only the list has it."""
    return Path(port).exists() or port.upper() in {candidate.device.upper() for candidate in list_ports()}


def identity_of(port: str, ports: Iterable[UsbPort]) -> UsbIdentity | None:
    """Return the device behind a port, whose name may be a link to the real one; None when it is not USB."""
    real = str(Path(port).resolve())
    for candidate in ports:
        if candidate.device in (port, real):
            return _identity(candidate)
    return None


def port_of(identity: UsbIdentity, ports: Iterable[UsbPort]) -> str | None:
    """Return the port of a device now; None when it is not plugged in, or when several look the same."""
    names = [port.device for port in ports if _identity(port) == identity]
    return names[0] if len(names) == 1 else None


def meter_ports(ports: Iterable[UsbPort]) -> list[UsbPort]:
    """Return the USB ports that may be a meter: those of known vendors, or if there is none all of them."""
    usb = sorted((port for port in ports if port.vid is not None), key=lambda port: port.device)
    return [port for port in usb if port.vid in KNOWN_VENDORS] or usb


def only_port(list_ports: ListPorts = list_usb_ports) -> str:
    """Return the one port that may be a meter. Raises BadSetting, which names them, unless there is just one."""
    return choose_port(list_ports, ask=None)


def choose_port(list_ports: ListPorts, ask: Ask | None) -> str:
    """Return the one port that may be a meter, or the one of several that a person chooses.

    Args:
        list_ports: Lists the ports.
        ask: Asks a person a question; None when nobody is there.

    Raises:
        BadSetting: There is none, or several and nobody to ask.
    """
    ports = meter_ports(list_ports())
    if len(ports) == 1:
        return ports[0].device
    if not ports:
        raise BadSetting("serial is not set: give the meter's port with --serial (none is plugged in)")
    if ask is None:
        names = ", ".join(_name(port) for port in ports)
        raise BadSetting(f"serial is not set: give the meter's port with --serial ({names})")
    return _ask_for_port(ports, ask)


def _ask_for_port(ports: list[UsbPort], ask: Ask) -> str:
    lines = [f"  {number} {_name(port)}" for number, port in enumerate(ports, 1)]
    question = "\n".join(["Which one is the meter?", *lines, f"1 to {len(ports)}: "])
    while True:
        answer = ask(question).strip()
        if answer.isdecimal() and 1 <= int(answer) <= len(ports):
            return ports[int(answer) - 1].device


def _name(port: UsbPort) -> str:
    return f"{port.device} ({KNOWN_VENDORS.get(port.vid or 0, 'USB')})"


def _identity(port: UsbPort) -> UsbIdentity | None:
    if port.vid is None or port.pid is None:
        return None
    return UsbIdentity(port.vid, port.pid, port.serial_number)
