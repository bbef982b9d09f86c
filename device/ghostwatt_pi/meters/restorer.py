"""Sets the relays of an Arduino that has started anew, one after the other: its buffer holds a command or two."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import serial

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.lines import Acknowledgement, command_line
from ghostwatt_pi.schemas import RelayState

ATTEMPTS = 3
"""How often a command is sent until it is confirmed. It says a state, so that hearing it twice does no harm."""
REPEAT_SECONDS = 2.0


class Restorer:
    """Sends each state until it is confirmed, at most ATTEMPTS times; then it is told, and the next one's turn."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._failed: dict[int, str] = {}
        self._left: dict[int, RelayState] = {}
        self._attempts = 0
        self._due = 0.0
        self._lock = threading.Lock()

    def start(self, states: Mapping[int, RelayState]) -> None:
        """These are to be set, whatever was under way."""
        with self._lock:
            self._left = dict(states)
            self._next()

    def forget(self, channel: int) -> None:
        """A newer command has come for this outlet."""
        with self._lock:
            if self._left.pop(channel, None):
                self._next()

    def failed(self) -> Mapping[int, str]:
        """The outlets that did not take their state since this was last asked, and why."""
        with self._lock:
            failed, self._failed = self._failed, {}
            return failed

    def note(self, answer: Acknowledgement) -> None:
        """The Arduino has answered a command."""
        with self._lock:
            if self._left.get(answer.channel) != answer.state:
                return
            del self._left[answer.channel]
            self._next()
        if not answer.done:
            self._fail(answer.channel, "the meter refuses the command")

    def turn(self, line: serial.Serial, *, with_crc: bool) -> None:
        """Send what is due. Raises OSError."""
        with self._lock:
            if not self._left or time.monotonic() < self._due:
                return
            channel = next(iter(self._left))
            if self._attempts < ATTEMPTS:
                self._attempts += 1
                self._due = time.monotonic() + REPEAT_SECONDS
                line.write(command_line(channel, self._left[channel], with_crc=with_crc))
                return
            del self._left[channel]
            self._next()
        self._fail(channel, "the meter did not confirm its state of before")

    def _fail(self, channel: int, error: str) -> None:
        with self._lock:
            self._failed[channel] = error
        self._log("relay_failed", channel=channel, error=error)

    def _next(self) -> None:
        self._attempts, self._due = 0, 0.0
