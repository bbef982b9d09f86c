"""Errors on the Arduino's line: their sorts, their counts, and one log entry for each episode."""

from __future__ import annotations

import time
from collections import Counter, deque
from itertools import pairwise
from typing import Literal, get_args

from ghostwatt_pi.event_log import EventLog

Sort = Literal[
    "garbled",  # bytes that are not text, as from a wrong baud rate
    "half_line",  # its start or its end is missing
    "too_long",
    "not_json",
    "not_a_reading",  # JSON without the fields of any line of protocol.py, or with other values in them
    "out_of_range",  # volts, amps or watts that no outlet has
    "ambiguous",  # a reading without a port, of one of several meters
    "bad_crc",  # or a missing one, after a line that had one
    "sensor",  # the Arduino says that a sensor does not answer
    "disconnected",  # the port went away or failed
]
"""A sort of error on the line."""
SORTS: tuple[Sort, ...] = get_args(Sort)
"""Every sort of error: labels of a metric."""

QUIET_SECONDS = 60.0
"""An episode is over after so long without an error."""
WRONG_BAUD_LINES = 20
"""After so many unreadable lines with no good one among them, the baud rate is the likely cause."""
BURST_SECONDS, PAUSE_SECONDS = 0.15, 0.5
"""One meter speaks at even intervals; several behind one sketch speak one after the other, and then pause."""
WATCHED_INTERVALS, MAX_CHANGES = 20, 6
"""More changes between bursts and pauses in so many intervals are a habit; one stall of the Pi makes two."""


class BadLine(Exception):
    """A line that cannot be used.

    Attributes:
        sort: One of SORTS.
        why: The reason for a person, with the field where there is one.
    """

    def __init__(self, sort: Sort, why: str = "") -> None:
        super().__init__(f"{sort}: {why}" if why else sort)
        self.sort: Sort = sort
        self.why = why or sort.replace("_", " ")


class Episode:
    """A run of errors with less than `quiet_seconds` between them; times are monotonic seconds."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self.errors = 0
        self._quiet_seconds = quiet_seconds
        self._last_seconds = 0.0

    def add(self, now_seconds: float) -> bool:
        """Count one more error, and return whether an episode begins with it."""
        self.errors += 1
        self._last_seconds = now_seconds
        return self.errors == 1

    def take_ended(self, now_seconds: float) -> int:
        """Return the number of errors of an episode that is over now; 0 when none has ended."""
        if self.errors == 0 or now_seconds - self._last_seconds < self._quiet_seconds:
            return 0
        errors, self.errors = self.errors, 0
        return errors


class LineErrors:
    """Counts and logs the errors of one serial line.

    Args:
        baud: The line's baud rate, for the log.
        log: Takes the events.

    Attributes:
        counts: Errors by sort.
    """

    def __init__(self, baud: int, log: EventLog) -> None:
        self.counts: Counter[Sort] = Counter()
        self._baud, self._log = baud, log
        self._episode = Episode()
        self._bad_in_a_row = 0

    @property
    def bad_lines(self) -> int:
        """The number of lines that were not readings."""
        return self.counts.total() - self.counts["disconnected"]

    def add(self, bad: BadLine, text: bytes) -> None:
        """Count a bad line."""
        self.counts[bad.sort] += 1
        self._bad_in_a_row += 1
        if self._episode.add(time.monotonic()):
            self._log("bad_lines", count=self.bad_lines, line=repr(text[:60]), sort=bad.sort, why=bad.why)
        if self._bad_in_a_row == WRONG_BAUD_LINES and self.counts["garbled"]:
            self._log("wrong_baud", count=WRONG_BAUD_LINES, baud=self._baud)

    def add_good(self) -> None:
        """Note a good line."""
        self._bad_in_a_row = 0

    def end_episode(self) -> None:
        """Log the end of an episode, once it is over. Call it often."""
        if count := self._episode.take_ended(time.monotonic()):
            self._log("bad_lines_over", count=count)


class AmbiguityCheck:
    """Notices readings without a port that come from several meters: their outlets are unknown.

    It is asked about every reading of one connection.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._has_ports = False
        self._name: str | None = None
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=WATCHED_INTERVALS)
        self._is_logged = False

    def ambiguity(self, name: str | None, now: float | None = None) -> str:
        """Return why the outlet of a reading is unknown; empty when it seems to be known.

        Readings that merely come in bursts may be of one meter: they are logged, and taken.

        Args:
            name: How the line names its meter, by protocol.meter_name: None when it has a port.
            now: Monotonic seconds.
        """
        if name is None:
            self._has_ports = True
            return ""
        if self._has_ports:
            return "no port, where other lines have one"
        if self._name is None:
            self._name = name
        if name != self._name:
            return f"no port, and it is not the same meter as before ({name or 'without a name'})"
        self._check_bursts(time.monotonic() if now is None else now)
        return ""

    def _check_bursts(self, now: float) -> None:
        if self._last is not None:
            self._intervals.append(now - self._last)
        self._last = now
        changes = sum(min(pair) < BURST_SECONDS and max(pair) >= PAUSE_SECONDS for pair in pairwise(self._intervals))
        if not self._is_logged and changes > MAX_CHANGES:
            self._is_logged = True
            text = "several readings without a port come at once: give each meter its port, or they count as outlet 1"
            self._log("warning", text=text)
