"""The relays on the Arduino's line: a command is sent until it is confirmed, and again when the Arduino restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import serial

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.protocol import Acknowledgement, command_line
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState

ACKNOWLEDGE_SECONDS = 2.0
"""The longest that the Arduino may take to confirm a relay command: a measurement, which goes first, takes a second."""
ATTEMPTS = 3
"""The most times that a command is sent. It names a state, so that hearing it twice does no harm."""
REPEAT_SECONDS = 2.0


class SerialRelays:
    """Switches the Arduino's relays.

    The thread that reads the line reports what it hears: `good_line`, `acknowledged`, `line_closed`. Other threads may
    `switch`.
    """

    def __init__(self, log: EventLog) -> None:
        self._line: serial.Serial | None = None  # from the first good line on: until then the Arduino hears no command
        self._with_crc = False
        self._states: dict[int, RelayState] = {}
        self._restorer = RelayRestorer(log)
        self._answers: dict[int, Acknowledgement] = {}
        self._changed = threading.Condition()

    def switch(self, channel: int, state: RelayState) -> None:
        """Send the command, again if need be, until the Arduino confirms it. Raises RelayError."""
        if not any(self._request(channel, state) for _ in range(ATTEMPTS)):
            raise RelayError(f"the meter did not confirm the command, sent {ATTEMPTS} times")
        with self._changed:  # outlets are switched from threads of their own
            self._states = {**self._states, channel: state}

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Send the states when the Arduino first speaks: it resets, relays and all, when the line is opened."""
        self._states = {**self._states, **states}

    def failed_restores(self) -> Mapping[int, str]:
        """The outlets whose restore has failed since the last call, each with the error."""
        return self._restorer.take_failed()

    def good_line(self, line: serial.Serial, *, with_crc: bool, started: bool) -> None:
        """Note that the Arduino hears commands; when it has started, set its relays again."""
        self._with_crc = with_crc
        if self._line is None or started:
            self._restorer.start(self._states)
        self._line = line

    def acknowledged(self, answer: Acknowledgement) -> None:
        """Note the Arduino's answer to a command."""
        with self._changed:
            self._answers[answer.channel] = answer
            self._restorer.acknowledged(answer)
            self._changed.notify_all()

    def turn(self, line: serial.Serial, *, with_crc: bool) -> None:
        """Send the restore command that is due. Raises OSError."""
        self._restorer.turn(line, with_crc=with_crc)

    def line_closed(self) -> None:
        """Note that the Arduino hears no commands now."""
        self._line = None

    def _request(self, channel: int, state: RelayState) -> bool:
        """Send the command once, and return whether it was confirmed in time. Raises RelayError if it never will be."""
        line = self._line
        if line is None:
            raise RelayError("the meter is not connected")
        with self._changed:
            self._answers.pop(channel, None)
            self._restorer.cancel(channel)
            try:
                line.write(command_line(channel, state, with_crc=self._with_crc))
            except OSError as error:
                raise RelayError(str(error)) from error
            is_confirmed = self._changed.wait_for(lambda: self._is_confirmed(channel, state), ACKNOWLEDGE_SECONDS)
            answer = self._answers.get(channel)
        if answer and not answer.done:
            raise RelayError("the meter refuses the command: it has no such relay")
        return is_confirmed

    def _is_confirmed(self, channel: int, state: RelayState) -> bool:
        answer = self._answers.get(channel)
        return answer is not None and answer.state == state


class RelayRestorer:
    """Sets the relays of an Arduino that has restarted, one after the other: its buffer holds a command or two.

    Each state is sent until it is confirmed, at most ATTEMPTS times. Then the failure is logged, and the next one sent.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._failed: dict[int, str] = {}
        self._remaining: dict[int, RelayState] = {}
        self._attempts = 0
        self._due = 0.0
        self._lock = threading.Lock()

    def start(self, states: Mapping[int, RelayState]) -> None:
        """Begin to set these states, in the place of any that remain."""
        with self._lock:
            self._remaining = dict(states)
            self._next()

    def cancel(self, channel: int) -> None:
        """Leave out an outlet that has a newer command."""
        with self._lock:
            if self._remaining.pop(channel, None):
                self._next()

    def take_failed(self) -> Mapping[int, str]:
        """Return the outlets whose restore has failed since the last call, each with the error."""
        with self._lock:
            failed, self._failed = self._failed, {}
            return failed

    def acknowledged(self, answer: Acknowledgement) -> None:
        """Note the Arduino's answer to a command."""
        with self._lock:
            if self._remaining.get(answer.channel) != answer.state:
                return
            del self._remaining[answer.channel]
            self._next()
        if not answer.done:
            self._fail(answer.channel, "the meter refuses the command")

    def turn(self, line: serial.Serial, *, with_crc: bool) -> None:
        """Send the command that is due. Raises OSError."""
        with self._lock:
            if not self._remaining or time.monotonic() < self._due:
                return
            channel = next(iter(self._remaining))
            if self._attempts < ATTEMPTS:
                self._attempts += 1
                self._due = time.monotonic() + REPEAT_SECONDS
                line.write(command_line(channel, self._remaining[channel], with_crc=with_crc))
                return
            del self._remaining[channel]
            self._next()
        self._fail(channel, "the meter did not confirm its previous state")

    def _fail(self, channel: int, error: str) -> None:
        with self._lock:
            self._failed[channel] = error
        self._log("relay_failed", channel=channel, error=error)

    def _next(self) -> None:
        self._attempts, self._due = 0, 0.0
