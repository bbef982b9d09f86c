"""Notices a meter that falls silent: all of it, or one of its outlets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import GAP_MS, Measurement

SILENT_SECONDS = 60.0
"""A meter speaks every two seconds, so this is thirty readings that did not come."""
SILENT_PACES = 2.5
"""So many of its own intervals a slow meter may be silent, but never longer than five minutes."""
MOST_SILENT_SECONDS = 300.0


class SilenceMonitor:
    """Tells once when readings stop, and once when they come again. Measured in one thread, looked at in another."""

    def __init__(self, log: EventLog) -> None:
        self.silent: tuple[int, ...] = ()
        self.is_meter_silent = False
        self._log = log
        self._lock = threading.Lock()
        self._newest: dict[int, float] = {}
        self._interval: dict[int, float] = {}
        self._began: float | None = None
        self._told: set[int | None] = set()

    def measured(self, measurements: Iterable[Measurement], now: float | None = None) -> None:
        """These were measured."""
        now = time.monotonic() if now is None else now
        with self._lock:
            for measurement in measurements:
                channel = measurement.channel
                interval = now - self._newest.get(channel, now)
                self._interval[channel] = interval if interval <= GAP_MS / 1000 else 0.0
                self._newest[channel] = now

    def turn(self, expected: Iterable[int], *, is_lost: bool, now: float | None = None) -> None:
        """Look. `expected` are the channels that should speak; a meter that `is_lost` was told of already."""
        now = time.monotonic() if now is None else now
        self._began = now if self._began is None else self._began
        with self._lock:
            channels = {*expected, *self._newest}
            silent = {channel for channel in channels if self._silence(channel, now) >= self._patience(channel)}
            is_any = bool(self._newest) or now - self._began < SILENT_SECONDS
        self.silent = tuple(sorted(silent))
        self.is_meter_silent = silent == channels if channels else not is_any
        silent_parts: set[int | None] = {None} if self.is_meter_silent else set(silent)
        if not is_lost:
            self._log_changes(silent_parts, now)

    def _log_changes(self, silent: set[int | None], now: float) -> None:
        for part in _ordered(silent - self._told):
            self._log("meter_silent", channel=part, what=_name(part), seconds=round(self._silence(part, now)))
        if None not in silent:  # while all of it is silent nothing more is said of its parts
            for part in _ordered(self._told - silent):
                self._log("meter_speaks", channel=part, what=_name(part))
            self._told &= silent
        self._told |= silent

    def _silence(self, channel: int | None, now: float) -> float:
        began = now if self._began is None else self._began
        newest = max(self._newest.values(), default=began) if channel is None else self._newest.get(channel, began)
        return now - newest

    def _patience(self, channel: int) -> float:
        own_pace = SILENT_PACES * self._interval.get(channel, 0.0)
        return max(SILENT_SECONDS, min(own_pace, MOST_SILENT_SECONDS))


def _ordered(parts: set[int | None]) -> list[int | None]:
    return sorted(parts, key=lambda part: part or 0)


def _name(channel: int | None) -> str:
    return "the meter" if channel is None else f"outlet {channel}"
