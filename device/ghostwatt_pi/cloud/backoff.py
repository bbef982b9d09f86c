"""The wait after a failure: exponential with full jitter, so that many devices do not come back at once."""

from __future__ import annotations

import random

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
"""The longest heartbeat interval, so that a device is back within a minute of its cloud."""


class Backoff:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._failures = 0

    def next_seconds(self, retry_after_seconds: float | None = None) -> float:
        """Return the seconds to wait after one more failure, never less than the server asked for."""
        ceiling = min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        return (retry_after_seconds or 0.0) + random.uniform(0, ceiling)  # noqa: S311 - jitter is no secret

    def reset(self) -> None:
        """Start again after a call that succeeded."""
        self._failures = 0
