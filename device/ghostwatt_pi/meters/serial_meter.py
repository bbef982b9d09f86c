"""An Arduino on a serial line: measurements come as JSON lines (protocol.py), relay commands go the other way."""

from __future__ import annotations

import errno
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace

import serial

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.line_errors import AmbiguityCheck, BadLine, LineErrors, Sort
from ghostwatt_pi.meters.protocol import Acknowledgement, Hello, LineSplitter, SensorError, meter_name, parse_line
from ghostwatt_pi.meters.serial_ports import ListPorts, UsbIdentity, UsbPort, identity_of, list_usb_ports, port_of
from ghostwatt_pi.meters.serial_relays import SerialRelays

READ_SECONDS = 0.5
REOPEN_SECONDS = 1.0
FIRST_READING_SECONDS = 20.0
"""An Arduino resets when its port is opened, two seconds, and measures up to four outlets before it speaks."""


class NoReading(Exception):
    """The port gave no reading; the text says what it gave, and what to try."""


class SerialMeter:
    """The Arduino at `port`, which may be unplugged and plugged in again at any time, also under another name."""

    def __init__(self, port: str, baud: int, log: EventLog, list_ports: ListPorts = list_usb_ports) -> None:
        self.relays = SerialRelays(log)
        self._port, self._baud, self._log, self._list_ports = port, baud, log, list_ports
        self._identity: UsbIdentity | None = None
        self._with_crc = False  # a line with a right checksum has come since the port was opened: now all must have one
        self._lost = False
        self._measuring: set[int] = set()  # channels that were measured since the last error, restart or lost port
        self._line_errors = LineErrors(baud, log)
        self._ambiguity = AmbiguityCheck(log)

    @property
    def errors(self) -> Counter[Sort]:
        """Errors on the line, by sort."""
        return self._line_errors.counts

    @property
    def bad_lines(self) -> int:
        """The number of lines that were not readings."""
        return self._line_errors.bad_lines

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """Yield a measurement a line, until `stop` is set."""
        while not stop.is_set():
            splitter, self._ambiguity = LineSplitter(), AmbiguityCheck(self._log)
            try:
                with self._open() as line:
                    yield from self._read(line, splitter, stop)
            except OSError as error:  # SerialException is one
                self._port_lost(error, splitter)
            finally:
                self.relays.line_closed()
            stop.wait(REOPEN_SECONDS)

    def _open(self) -> serial.Serial:
        """Open the port, wherever its device is now. Raises OSError."""
        ports = list(self._list_ports())
        self._port = self._find(ports)
        line = serial.Serial(self._port, self._baud, timeout=READ_SECONDS, write_timeout=READ_SECONDS)
        self._identity = self._identity or identity_of(self._port, ports)
        self._with_crc = False
        self._measuring.clear()
        return line

    def _find(self, ports: Collection[UsbPort]) -> str:
        """Return the port's name of now; never another device that has taken the old name. Raises OSError."""
        if self._identity is None:
            return self._port
        port = port_of(self._identity, ports)
        if port is None and identity_of(self._port, ports) != self._identity:
            raise serial.SerialException("it is not plugged in")
        return port or self._port

    def _read(self, line: serial.Serial, splitter: LineSplitter, stop: threading.Event) -> Iterator[list[Measurement]]:
        """Read until `stop` is set. Raises OSError when the port goes away."""
        while not stop.is_set():
            for text in splitter.feed(line.read(max(1, line.in_waiting))):
                yield from self._handle(text, line)
            self.relays.turn(line, with_crc=self._with_crc)
            self._line_errors.end_episode()

    def _handle(self, text: bytes, line: serial.Serial) -> Iterator[list[Measurement]]:
        try:
            parsed, has_crc = parse_line(text, now_ms(), with_crc=self._with_crc)
        except BadLine as bad:
            self._line_errors.add(bad, text)
            return
        self._with_crc = self._with_crc or has_crc
        self.relays.good_line(line, with_crc=self._with_crc, started=isinstance(parsed, Hello))
        if isinstance(parsed, Measurement) and (why := self._ambiguity.ambiguity(meter_name(text))):
            self._line_errors.add(BadLine("ambiguous", why), text)
            return
        self._good_line()
        if isinstance(parsed, Measurement):
            if parsed.relay:
                self.relays.acknowledged(Acknowledgement(parsed.channel, parsed.relay, done=True))
            yield [replace(parsed, after_gap=parsed.channel not in self._measuring)]
            self._measuring.add(parsed.channel)
        elif isinstance(parsed, Acknowledgement):
            self.relays.acknowledged(parsed)
        elif isinstance(parsed, Hello):
            self._measuring.clear()
        elif isinstance(parsed, SensorError):
            self._measuring -= self._measuring if parsed.channel is None else {parsed.channel}
            self._line_errors.add(BadLine("sensor", "the sensor does not answer"), text)

    def _good_line(self) -> None:
        self._line_errors.add_good()
        if self._lost:
            self._log("meter_back")
            self._lost = False

    def _port_lost(self, error: OSError, splitter: LineSplitter) -> None:
        """Note that the port is not there; count and log it when that begins."""
        if splitter.rest:
            self._line_errors.add(BadLine("half_line"), splitter.rest)
        if self._lost:
            return
        self._lost = True
        self._line_errors.counts["disconnected"] += 1
        self._log("meter_lost", error=_plain(error))


def first_reading(port: str, baud: int, log: EventLog, seconds: float = FIRST_READING_SECONDS) -> Measurement:
    """Wait for one reading of the meter at a port.

    Args:
        port: The port's name.
        baud: Its baud rate.
        log: Takes the events.
        seconds: The longest wait.

    Raises:
        NoReading: None came in time, or the port cannot be opened.
    """
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()

    def log_and_stop_when_lost(event: str, **fields: object) -> None:
        log(event, **fields)
        if event == "meter_lost":
            stop.set()

    meter = SerialMeter(port, baud, log_and_stop_when_lost)
    try:
        for measurements in meter.measurements(stop):
            return measurements[0]
    finally:
        timer.cancel()
    raise NoReading(_why_no_reading(meter, port, baud, seconds))


def _why_no_reading(meter: SerialMeter, port: str, baud: int, seconds: float) -> str:
    if meter.errors["disconnected"]:
        return f"{port} cannot be opened: is it plugged in, and does no other program use it?"
    if meter.bad_lines:
        return (
            f"{port} sends {meter.bad_lines} lines that are not readings: is {baud} its baud rate, and the sketch ours?"
        )
    return f"{port} is silent for {seconds:.0f} s: is the sketch on the Arduino, and the meter wired?"


def _plain(error: OSError) -> str:
    """Describe an error of pyserial or of the system in plain words."""
    text = str(error)
    if isinstance(error, PermissionError) or "Permission denied" in text:
        return 'it may not be used: sudo usermod -aG dialout "$USER", then log in again'
    if "No such file" in text:
        return "it is not plugged in"
    if "returned no data" in text or error.errno in (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF):
        return "it was unplugged, or another program reads it too"
    if "busy" in text.casefold() or "lock" in text.casefold():
        return "another program uses it"
    return text
