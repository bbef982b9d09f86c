"""How long raw readings are kept: a person's choice, copied to each device, so that recording has it at hand."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.core.times import DAY_MS

DEFAULT_DAYS = 30
LEAST_DAYS = 7
SLACK_MS = 2 * DAY_MS
"""Kept longer than shown: an hour is computed from all its readings and those a gap of a day apart, also when the
first of them is about to expire."""
SPARE_MS = DAY_MS // 2
"""The part of the slack that computing may take."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Raw readings of a device are kept for some days; what came before since_ms was stored for before_days only."""

    days: int = DEFAULT_DAYS
    since_ms: int = 0
    before_days: int = DEFAULT_DAYS

    def oldest_ms(self, now_ms: int) -> int:
        """From when raw readings are taken and shown: older ones have expired, or others of their time may have."""
        surely_kept_ms = min(self.since_ms, now_ms - self.before_days * DAY_MS)
        return max(now_ms - self.days * DAY_MS, surely_kept_ms)

    def whole_from_ms(self, now_ms: int) -> int:
        """From when all raw readings are surely stored still, and stay so for SPARE_MS."""
        return self.oldest_ms(now_ms - SLACK_MS + SPARE_MS)

    def changed(self, days: int, now_ms: int) -> Retention:
        """With another number of days, for what is stored from now on."""
        return self if days == self.days else Retention(days, now_ms, min(self.days, self.before_days))

    def expires_at_ms(self, at_ms: int) -> int:
        """When a reading of a time is deleted."""
        return at_ms + self.days * DAY_MS + SLACK_MS
