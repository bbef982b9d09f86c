"""An Arduino on a serial line: JSON lines with measurements one way, relay commands the other (see lines.py)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import serial

from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.lines import (
    Acknowledgement,
    BadLine,
    Hello,
    LineSplitter,
    SensorError,
    Sort,
    command_line,
    parse_line,
)
from ghostwatt_pi.meters.restorer import ATTEMPTS, Restorer
from ghostwatt_pi.meters.spell import Spell
from ghostwatt_pi.meters.usb import ListPorts, UsbIdentity, UsbPort, identity_of, list_usb_ports, port_of
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.wire import RelayState

READ_SECONDS = 0.5
REOPEN_SECONDS = 1.0
ACKNOWLEDGE_SECONDS = 2.0
"""How long the Arduino may take to confirm a relay command: it may be amidst a measurement of a second."""
WRONG_BAUD_LINES = 20
"""So many unreadable lines with no good one among them, and the baud rate is the likely reason."""


class SerialMeter:
    """The Arduino at `port`, which may be unplugged and plugged in again at any time, also under another name.

    What went wrong on the line is counted in `errors`, by lines.Sort.
    """

    def __init__(self, port: str, baud: int, tell: Tell, list_ports: ListPorts = list_usb_ports) -> None:
        self.errors: Counter[Sort] = Counter()
        self._port, self._baud, self._tell, self._list_ports = port, baud, tell, list_ports
        self._identity: UsbIdentity | None = None
        self._line: serial.Serial | None = None
        self._with_crc = False  # a line with a right checksum has come since the port was opened: now all must have one
        self._lost = False
        self._spell = Spell()
        self._bad_in_a_row = 0
        self._wanted: dict[int, RelayState] = {}
        self._restorer = Restorer(tell)
        self._answers: dict[int, Acknowledgement] = {}
        self._changed = threading.Condition()

    @property
    def relays(self) -> SerialMeter:
        """The relays hang on the same line."""
        return self

    @property
    def bad_lines(self) -> int:
        """How many lines said nothing."""
        return self.errors.total() - self.errors["disconnected"]

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """A measurement a line."""
        while not stop.is_set():
            splitter = LineSplitter()
            try:
                with self._open() as line:
                    yield from self._read(line, splitter, stop)
            except OSError as error:  # SerialException is one
                self._lose(error, splitter)
            finally:
                self._line = None
            stop.wait(REOPEN_SECONDS)

    def switch(self, channel: int, state: RelayState) -> None:
        """Send the command, again if need be, until the Arduino confirms it. Raises RelayError."""
        if not any(self._ask(channel, state) for _ in range(ATTEMPTS)):
            raise RelayError(f"the meter did not confirm the command, sent {ATTEMPTS} times")
        self._wanted = {**self._wanted, channel: state}

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """The states are sent when the Arduino first speaks: it resets, relays and all, when the line is opened."""
        self._wanted = {**self._wanted, **states}

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
            self._restorer.turn(line, with_crc=self._with_crc)
            if count := self._spell.ended(time.monotonic()):
                self._tell("bad_lines_over", count=count)

    def _understand(self, text: bytes, line: serial.Serial) -> Iterator[list[Measurement]]:
        try:
            said, proven = parse_line(text, now_ms(), with_crc=self._with_crc)
        except BadLine as bad:
            self._count(bad.sort, text)
            return
        self._with_crc = self._with_crc or proven
        self._welcome(line, anew=isinstance(said, Hello))
        if isinstance(said, Measurement):
            yield [said]
        elif isinstance(said, Acknowledgement):
            self._note(said)
        elif isinstance(said, SensorError):
            self._count("sensor", text)

    def _welcome(self, line: serial.Serial, *, anew: bool) -> None:
        """A good line proves that the Arduino is up and hears commands; when it starts its relays are set again."""
        self._bad_in_a_row = 0
        if self._line is None or anew:
            self._restorer.start(self._wanted)
        self._line = line
        if self._lost:
            self._tell("meter_back")
            self._lost = False

    def _ask(self, channel: int, state: RelayState) -> bool:
        """Send the command once; whether it was confirmed in time. Raises RelayError when there is no hope."""
        line = self._line
        if line is None:
            raise RelayError("the meter is not connected")
        with self._changed:
            self._answers.pop(channel, None)
            self._restorer.forget(channel)
            try:
                line.write(command_line(channel, state, with_crc=self._with_crc))
            except OSError as error:
                raise RelayError(str(error)) from error
            self._changed.wait_for(lambda: self._is_answered(channel, state), ACKNOWLEDGE_SECONDS)
            answer = self._answers.get(channel)
        if answer and not answer.done:
            raise RelayError("the meter refuses the command: it has no such relay")
        return answer is not None and answer.state == state

    def _is_answered(self, channel: int, state: RelayState) -> bool:
        answer = self._answers.get(channel)
        return answer is not None and answer.state == state

    def _note(self, answer: Acknowledgement) -> None:
        with self._changed:
            self._answers[answer.channel] = answer
            self._restorer.note(answer)
            self._changed.notify_all()

    def _lose(self, error: OSError, splitter: LineSplitter) -> None:
        """The port is not there, or not any more: counted and told when that begins."""
        if splitter.rest:
            self._count("half_line", splitter.rest)
        if self._lost:
            return
        self._lost = True
        self.errors["disconnected"] += 1
        self._tell("meter_lost", error=str(error))

    def _count(self, sort: Sort, text: bytes) -> None:
        self.errors[sort] += 1
        self._bad_in_a_row += 1
        if self._spell.add(time.monotonic()):
            self._tell("bad_lines", count=self.bad_lines, line=repr(text[:60]), sort=sort)
        if self._bad_in_a_row == WRONG_BAUD_LINES and self.errors["garbled"]:
            self._tell("wrong_baud", count=WRONG_BAUD_LINES, baud=self._baud)

    def _end_spell(self) -> None:
        if count := self._spell.ended(time.monotonic()):
            self._tell("bad_lines_over", count=count)
