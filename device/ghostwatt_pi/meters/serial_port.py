"""An Arduino on a serial line: JSON lines with measurements one way, relay commands the other.

Arduino -> Pi  {"voltage": 230.1, "current": 0.4, "power": 92.0}          one outlet
Arduino -> Pi  {"port": 2, "voltage": 230.1, "current": 0.4, "power": 92.0} several
Pi -> Arduino  {"port": 2, "relay": "off"}
Arduino -> Pi  {"port": 2, "relay": "off"}                                  it is done
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

import serial

from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.relays import RelayError
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.wire import RelayState

READ_SECONDS = 0.5
REOPEN_SECONDS = 1.0
ACKNOWLEDGE_SECONDS = 3.0
"""How long the Arduino may take to confirm a relay command: it may be amidst a measurement of a second."""
MAX_LINE_BYTES = 1024
"""More without a line end is noise, as from a wrong baud rate."""


class SerialMeter:
    """The Arduino at `port`, which may be unplugged and plugged in again at any time.

    Lines that are no readings are counted in `bad_lines` and left out.
    """

    def __init__(self, port: str, baud: int, tell: Tell) -> None:
        self.bad_lines = 0
        self._port, self._baud, self._tell = port, baud, tell
        self._line: serial.Serial | None = None
        self._wanted: dict[int, RelayState] = {}
        self._confirmed: dict[int, RelayState] = {}
        self._changed = threading.Condition()

    @property
    def relays(self) -> SerialMeter:
        """The relays hang on the same line."""
        return self

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """A measurement a line."""
        lost = False
        while not stop.is_set():
            try:
                with serial.Serial(self._port, self._baud, timeout=READ_SECONDS, write_timeout=READ_SECONDS) as line:
                    for text in self._texts(line, stop):
                        if lost:
                            self._tell("meter_back")
                            lost = False
                        yield from self._understand(text)
            except OSError as error:  # SerialException is one
                if not lost:
                    self._tell("meter_lost", error=str(error))
                lost = True
            finally:
                self._line = None
            stop.wait(REOPEN_SECONDS)

    def switch(self, channel: int, state: RelayState) -> None:
        """Send the command and wait until the Arduino confirms it. Raises RelayError."""
        line = self._line
        if line is None:
            raise RelayError("the meter is not connected")
        with self._changed:
            self._confirmed.pop(channel, None)
            try:
                line.write(_command(channel, state))
            except OSError as error:
                raise RelayError(str(error)) from error
            done = self._changed.wait_for(lambda: self._confirmed.get(channel) == state, ACKNOWLEDGE_SECONDS)
        if not done:
            raise RelayError("the meter did not confirm the command")
        self._wanted[channel] = state

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """The states are sent when the Arduino first speaks: it resets, relays and all, when the line is opened."""
        self._wanted.update(states)

    def _texts(self, line: serial.Serial, stop: threading.Event) -> Iterator[bytes]:
        """Whole lines. The first one proves that the Arduino is up: then it can hear commands too."""
        kept = b""
        while not stop.is_set():
            kept += line.read(max(1, line.in_waiting))
            *texts, kept = kept.split(b"\n")
            for text in texts:
                if self._line is None:
                    self._resend(line)
                    self._line = line
                yield text
            if len(kept) > MAX_LINE_BYTES:
                self._count_bad(kept)
                kept = b""

    def _understand(self, text: bytes) -> Iterator[list[Measurement]]:
        """The measurement of a line, if it is one."""
        if not text.strip():
            return
        try:
            fields = json.loads(text)
            channel = int(fields.get("port", 1))
            if fields.get("relay") in ("on", "off"):
                self._confirm(channel, fields["relay"])
                return
            values = [float(fields[name]) for name in ("voltage", "current", "power")]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._count_bad(text)
            return
        measurement = Measurement(channel, now_ms(), *values)
        if measurement.is_plausible():
            yield [measurement]
        else:
            self._count_bad(text)

    def _confirm(self, channel: int, state: RelayState) -> None:
        with self._changed:
            self._confirmed[channel] = state
            self._changed.notify_all()

    def _resend(self, line: serial.Serial) -> None:
        """Raises OSError."""
        with self._changed:
            for channel, state in self._wanted.items():
                line.write(_command(channel, state))

    def _count_bad(self, text: bytes) -> None:
        """Tell of the first bad line, the tenth, the hundredth: enough to see it, too little to fill a journal."""
        self.bad_lines += 1
        if str(self.bad_lines).strip("0") == "1":
            self._tell("bad_lines", count=self.bad_lines, line=repr(text[:60]))


def _command(channel: int, state: RelayState) -> bytes:
    return json.dumps({"port": channel, "relay": state}).encode() + b"\n"
