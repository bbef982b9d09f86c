"""The relays on the Arduino's line: a command is sent until it is confirmed, and sent anew when the Arduino starts."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import serial

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.lines import Acknowledgement, command_line
from ghostwatt_pi.meters.restorer import ATTEMPTS, Restorer
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState

ACKNOWLEDGE_SECONDS = 2.0
"""How long the Arduino may take to confirm a relay command: a measurement, which goes first, takes a second."""


class SerialRelays:
    """The thread that reads the line says what it hears: `good_line`, `acknowledged`, `lost`. Others may `switch`."""

    def __init__(self, log: EventLog) -> None:
        self._line: serial.Serial | None = None  # from the first good line on: until then nobody hears a command
        self._with_crc = False
        self._wanted: dict[int, RelayState] = {}
        self._restorer = Restorer(log)
        self._answers: dict[int, Acknowledgement] = {}
        self._changed = threading.Condition()

    def switch(self, channel: int, state: RelayState) -> None:
        """Send the command, again if need be, until the Arduino confirms it. Raises RelayError."""
        if not any(self._ask(channel, state) for _ in range(ATTEMPTS)):
            raise RelayError(f"the meter did not confirm the command, sent {ATTEMPTS} times")
        with self._changed:  # outlets are switched from threads of their own
            self._wanted = {**self._wanted, channel: state}

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """The states are sent when the Arduino first speaks: it resets, relays and all, when the line is opened."""
        self._wanted = {**self._wanted, **states}

    def failed_restores(self) -> Mapping[int, str]:
        """The outlets that did not take their state of before since this was last asked, and why."""
        return self._restorer.failed()

    def good_line(self, line: serial.Serial, *, with_crc: bool, started: bool) -> None:
        """The Arduino is up and hears commands; when it has started its relays are set again."""
        self._with_crc = with_crc
        if self._line is None or started:
            self._restorer.start(self._wanted)
        self._line = line

    def acknowledged(self, answer: Acknowledgement) -> None:
        """The Arduino has answered a command."""
        with self._changed:
            self._answers[answer.channel] = answer
            self._restorer.note(answer)
            self._changed.notify_all()

    def turn(self, line: serial.Serial, *, with_crc: bool) -> None:
        """Send what is left to be set again. Raises OSError."""
        self._restorer.turn(line, with_crc=with_crc)

    def lost(self) -> None:
        """The line is closed."""
        self._line = None

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
            is_confirmed = self._changed.wait_for(lambda: self._is_confirmed(channel, state), ACKNOWLEDGE_SECONDS)
            answer = self._answers.get(channel)
        if answer and not answer.done:
            raise RelayError("the meter refuses the command: it has no such relay")
        return is_confirmed

    def _is_confirmed(self, channel: int, state: RelayState) -> bool:
        answer = self._answers.get(channel)
        return answer is not None and answer.state == state
