"""Trouble that comes in spells: told when one begins and when it is over, not for every mishap."""

from __future__ import annotations

QUIET_SECONDS = 60.0
"""So long without a mishap, and the spell is over."""


class Spell:
    """A run of mishaps; times are seconds of any clock that only goes forward."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self.mishaps = 0
        self._quiet_seconds = quiet_seconds
        self._last_seconds = 0.0

    def add(self, now_seconds: float) -> bool:
        """One more mishap; whether a spell begins with it."""
        self.mishaps += 1
        self._last_seconds = now_seconds
        return self.mishaps == 1

    def ended(self, now_seconds: float) -> int:
        """How many mishaps the spell had that is over now; 0 while it goes on, and when there is none."""
        if self.mishaps == 0 or now_seconds - self._last_seconds < self._quiet_seconds:
            return 0
        mishaps, self.mishaps = self.mishaps, 0
        return mishaps
