"""Notices readings without a port that come from several meters: nobody can say which outlet each one is of."""

from __future__ import annotations

import time
from collections import deque
from itertools import pairwise

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.lines import meter_name

BURST_SECONDS, PAUSE_SECONDS = 0.15, 0.5
"""One meter speaks at even intervals; several behind one sketch speak one after the other, and then pause."""
WATCHED, MOST_CHANGES = 20, 6
"""More changes between bursts and pauses in so many intervals are a habit; one stall of the Pi makes two."""


class SeveralMeters:
    """Looks at every reading's line of one connection."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._has_ports = False
        self._name: str | None = None
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=WATCHED)
        self._is_told = False

    def ambiguity(self, text: bytes, now: float | None = None) -> str:
        """Why it cannot be said which outlet this reading is of; empty when it can, as far as is known.

        Lines that merely come in bursts are told of, and taken: it is a guess.
        """
        name = meter_name(text)
        if name is None:
            self._has_ports = True
            return ""
        if self._has_ports:
            return "no port, where other lines have one"
        if self._name is None:
            self._name = name
        if name != self._name:
            return f"no port, and it is not the meter of before ({name or 'without a name'})"
        self._watch(time.monotonic() if now is None else now)
        return ""

    def _watch(self, now: float) -> None:
        if self._last is not None:
            self._intervals.append(now - self._last)
        self._last = now
        changes = sum(min(pair) < BURST_SECONDS and max(pair) >= PAUSE_SECONDS for pair in pairwise(self._intervals))
        if not self._is_told and changes > MOST_CHANGES:
            self._is_told = True
            text = "several readings without a port come at once: give each meter its port, or they count as outlet 1"
            self._log("warning", text=text)
