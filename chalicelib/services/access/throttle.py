"""Slowing down those who guess: failed attempts are counted by subject, in fixed windows of time.

A window's number is part of the key, so that counting is one unconditional write that no two callers can race.
"""

from __future__ import annotations

import math

from chalicelib.domain.errors import TooMany
from chalicelib.domain.times import MINUTE_MS, SECOND_MS
from chalicelib.storage import throttles as store

WINDOW_MS = 15 * MINUTE_MS
"""Nobody who mistypes waits longer than a coffee; at ten a window a guesser gets under a thousand tries a day."""
MOST_FAILURES = 10
"""A person who has forgotten which password it was is through their list by then."""


def check(subject: str, now_ms: int, most: int = MOST_FAILURES) -> None:
    """Raise TooMany when a subject has failed too often in this window."""
    if store.load(_key(subject, now_ms)) >= most:
        raise _too_many(now_ms)


def count(subject: str, now_ms: int) -> None:
    """Count a failed attempt."""
    _add(subject, 1, now_ms)


def count_and_check(subject: str, now_ms: int, most: int = MOST_FAILURES) -> None:
    """Count an attempt before it is made. Raises TooMany for each one past the limit.

    With forgive after a success this leaves no gap for many attempts at once.
    """
    if _add(subject, 1, now_ms) > most:
        raise _too_many(now_ms)


def forgive(subject: str, now_ms: int) -> None:
    """Take back what was counted: the attempt was right. now_ms is the one it was counted with."""
    _add(subject, -1, now_ms)


def _add(subject: str, attempts: int, now_ms: int) -> int:
    return store.add(_key(subject, now_ms), attempts, expires_at=_end_ms(now_ms) // SECOND_MS)


def _key(subject: str, now_ms: int) -> str:
    return f"{subject}#{now_ms // WINDOW_MS}"


def _end_ms(now_ms: int) -> int:
    return (now_ms // WINDOW_MS + 1) * WINDOW_MS


def _too_many(now_ms: int) -> TooMany:
    seconds = math.ceil((_end_ms(now_ms) - now_ms) / SECOND_MS)
    return TooMany("Too many attempts; wait a little.", code="too_many_attempts", retry_after_seconds=seconds)
