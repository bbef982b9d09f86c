"""Deadlines for work that goes on, step by step, for as long as there is time."""

from __future__ import annotations

import time


class Deadline:
    """A moment so many seconds from now, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def expired(self) -> bool:
        """Whether that moment has come."""
        return time.monotonic() >= self._at
