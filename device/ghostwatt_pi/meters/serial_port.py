"""An Arduino on a serial line: JSON lines with measurements one way (see lines.py), relay commands the other."""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator

import serial

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.line_splitter import LineSplitter
from ghostwatt_pi.meters.lines import Acknowledgement, BadLine, Hello, SensorError, Sort, parse_line
from ghostwatt_pi.meters.serial_relays import SerialRelays
from ghostwatt_pi.meters.several_meters import SeveralMeters
from ghostwatt_pi.meters.spell import Spell
from ghostwatt_pi.meters.usb import ListPorts, UsbIdentity, UsbPort, identity_of, list_usb_ports, port_of

READ_SECONDS = 0.5
REOPEN_SECONDS = 1.0
WRONG_BAUD_LINES = 20
"""So many unreadable lines with no good one among them, and the baud rate is the likely reason."""


class SerialMeter:
    """The Arduino at `port`, which may be unplugged and plugged in again at any time, also under another name.

    What went wrong on the line is counted in `errors`, by lines.Sort.
    """

    def __init__(self, port: str, baud: int, log: EventLog, list_ports: ListPorts = list_usb_ports) -> None:
        self.errors: Counter[Sort] = Counter()
        self.relays = SerialRelays(log)
        self._port, self._baud, self._log, self._list_ports = port, baud, log, list_ports
        self._identity: UsbIdentity | None = None
        self._with_crc = False  # a line with a right checksum has come since the port was opened: now all must have one
        self._lost = False
        self._meters = SeveralMeters(log)
        self._spell = Spell()
        self._bad_in_a_row = 0

    @property
    def bad_lines(self) -> int:
        """How many lines said nothing."""
        return self.errors.total() - self.errors["disconnected"]

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """A measurement a line."""
        while not stop.is_set():
            splitter, self._meters = LineSplitter(), SeveralMeters(self._log)
            try:
                with self._open() as line:
                    yield from self._read(line, splitter, stop)
            except OSError as error:  # SerialException is one
                self._lose(error, splitter)
            finally:
                self.relays.lost()
            stop.wait(REOPEN_SECONDS)

    def _open(self) -> serial.Serial:
        """The port, wherever its device is now. Raises OSError."""
        ports = list(self._list_ports())
        self._port = self._find(ports)
        line = serial.Serial(self._port, self._baud, timeout=READ_SECONDS, write_timeout=READ_SECONDS)
        self._identity = self._identity or identity_of(self._port, ports)
        self._with_crc = False
        return line

    def _find(self, ports: Collection[UsbPort]) -> str:
        """The port's name of now; never another device that has taken the old name. Raises OSError."""
        if self._identity is None:
            return self._port
        found = port_of(self._identity, ports)
        if found is None and identity_of(self._port, ports) != self._identity:
            raise serial.SerialException("it is not plugged in")
        return found or self._port

    def _read(self, line: serial.Serial, splitter: LineSplitter, stop: threading.Event) -> Iterator[list[Measurement]]:
        """Raises OSError when the port goes away."""
        while not stop.is_set():
            for text in splitter.feed(line.read(max(1, line.in_waiting))):
                yield from self._understand(text, line)
            self.relays.turn(line, with_crc=self._with_crc)
            if count := self._spell.ended(time.monotonic()):
                self._log("bad_lines_over", count=count)

    def _understand(self, text: bytes, line: serial.Serial) -> Iterator[list[Measurement]]:
        try:
            said, proven = parse_line(text, now_ms(), with_crc=self._with_crc)
        except BadLine as bad:
            self._count_bad(bad, text)
            return
        self._with_crc = self._with_crc or proven
        self.relays.good_line(line, with_crc=self._with_crc, started=isinstance(said, Hello))
        if isinstance(said, Measurement) and (why := self._meters.ambiguity(text)):
            self._count_bad(BadLine("ambiguous", why), text)
            return
        self._count_good()
        if isinstance(said, Measurement):
            if said.relay:
                self.relays.acknowledged(Acknowledgement(said.channel, said.relay, done=True))
            yield [said]
        elif isinstance(said, Acknowledgement):
            self.relays.acknowledged(said)
        elif isinstance(said, SensorError):
            self._count_bad(BadLine("sensor", "the sensor does not answer"), text)

    def _count_good(self) -> None:
        self._bad_in_a_row = 0
        if self._lost:
            self._log("meter_back")
            self._lost = False

    def _lose(self, error: OSError, splitter: LineSplitter) -> None:
        """The port is not there, or not any more: counted and told when that begins."""
        if splitter.rest:
            self._count_bad(BadLine("half_line"), splitter.rest)
        if self._lost:
            return
        self._lost = True
        self.errors["disconnected"] += 1
        self._log("meter_lost", error=_plain(error))

    def _count_bad(self, bad: BadLine, text: bytes) -> None:
        self.errors[bad.sort] += 1
        self._bad_in_a_row += 1
        if self._spell.add(time.monotonic()):
            self._log("bad_lines", count=self.bad_lines, line=repr(text[:60]), sort=bad.sort, why=bad.why)
        if self._bad_in_a_row == WRONG_BAUD_LINES and self.errors["garbled"]:
            self._log("wrong_baud", count=WRONG_BAUD_LINES, baud=self._baud)


def _plain(error: OSError) -> str:
    """Pyserial's words, and the system's, as a person says them."""
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
