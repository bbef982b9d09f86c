"""Notices when the readings of a meter, or of one of its outlets, stop or come too rarely."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import GAP_MS, Measurement

SILENT_SECONDS = 60.0
"""A meter sends every two seconds, so this is thirty missing readings."""
SILENT_INTERVALS = 2.5
"""A slow meter may be silent for so many of its own intervals, but never longer than a quarter of an hour."""
MOST_SILENT_SECONDS = 900.0
INTERVALS, LEAST_INTERVALS = 5, 3
"""The median of the last five intervals is the meter's own, though one is an outage; three show that it is slow."""


class SilenceMonitor:
    """Logs once when readings stop, and once when they come again.

    The thread that measures calls `measured`, another calls `turn`.

    Attributes:
        silent: The channels whose readings have stopped.
        is_meter_silent: Whether all have stopped.
    """

    def __init__(self, log: EventLog) -> None:
        self.silent: tuple[int, ...] = ()
        self.is_meter_silent = False
        self._log = log
        self._lock = threading.Lock()
        self._last_at: dict[int, float] = {}
        self._intervals: dict[int, deque[float]] = {}
        self._reporting: set[int] = set()  # channels whose meter reports changes: it is silent while nothing changes
        self._started_at: float | None = None
        self._logged: set[int | None] = set()

    def measured(self, measurements: Iterable[Measurement], now: float | None = None) -> None:
        """Note new measurements; `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now
        with self._lock:
            for measurement in measurements:
                channel = measurement.channel
                if channel in self._last_at:
                    intervals = self._intervals.setdefault(channel, deque(maxlen=INTERVALS))
                    intervals.append(now - self._last_at[channel])
                self._last_at[channel] = now
                if measurement.reports_changes:
                    self._reporting.add(channel)
                else:
                    self._reporting.discard(channel)

    def slow(self) -> Mapping[int, float]:
        """Return the seconds between measurements of each channel where they are a gap for the cloud."""
        with self._lock:
            known = {channel for channel, intervals in self._intervals.items() if len(intervals) >= LEAST_INTERVALS}
            typical = {channel: self._typical(channel) for channel in known - self._reporting}
        return {channel: seconds for channel, seconds in typical.items() if seconds > GAP_MS / 1000}

    def turn(self, expected: Iterable[int], *, is_lost: bool, now: float | None = None) -> None:
        """Find the channels that are silent now, and log each change.

        Args:
            expected: The channels that should have readings.
            is_lost: Whether the meter's port is gone, which was logged already.
            now: Monotonic seconds.
        """
        now = time.monotonic() if now is None else now
        self._started_at = now if self._started_at is None else self._started_at
        with self._lock:
            channels = {*expected, *self._last_at}
            silent = {channel for channel in channels if self._silence(channel, now) >= self._limit(channel)}
            is_any = bool(self._last_at) or now - self._started_at < SILENT_SECONDS
        self.silent = tuple(sorted(silent))
        self.is_meter_silent = silent == channels if channels else not is_any
        silent_parts: set[int | None] = {None} if self.is_meter_silent else set(silent)
        if not is_lost:
            self._log_changes(silent_parts, now)

    def _log_changes(self, silent: set[int | None], now: float) -> None:
        for part in _ordered(silent - self._logged):
            self._log("meter_silent", channel=part, what=_name(part), seconds=round(self._silence(part, now)))
        if None not in silent:  # while all of it is silent nothing more is logged of its parts
            for part in _ordered(self._logged - silent):
                self._log("meter_speaks", channel=part, what=_name(part))
            self._logged &= silent
        self._logged |= silent

    def _silence(self, channel: int | None, now: float) -> float:
        began = now if self._started_at is None else self._started_at
        newest = max(self._last_at.values(), default=began) if channel is None else self._last_at.get(channel, began)
        return now - newest

    def _limit(self, channel: int) -> float:
        if channel in self._reporting:
            return MOST_SILENT_SECONDS
        return max(SILENT_SECONDS, min(SILENT_INTERVALS * self._typical(channel), MOST_SILENT_SECONDS))

    def _typical(self, channel: int) -> float:
        """Return the typical interval in seconds; 0 before the second measurement."""
        return statistics.median(self._intervals.get(channel) or [0.0])


def _ordered(parts: set[int | None]) -> list[int | None]:
    return sorted(parts, key=lambda part: part or 0)


def _name(channel: int | None) -> str:
    return "the meter" if channel is None else f"outlet {channel}"
