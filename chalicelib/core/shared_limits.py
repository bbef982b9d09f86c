"""Limits that hold across all processes, in the database: failed attempts, and rates.

Attempts are counted by subject in fixed windows of time. A window's number is part of the key, so that counting is one
unconditional write that no two callers can race. A rate is a token bucket of its own, changed by a conditional write.
"""

from __future__ import annotations

import math

from chalicelib.core import shared_limit_store
from chalicelib.core.errors import TooMany
from chalicelib.core.rate_limits import TOO_MANY_REQUESTS, too_many
from chalicelib.core.times import MINUTE_MS, SECOND_MS
from chalicelib.core.token_bucket import OFF, Rate

WINDOW_MS = 15 * MINUTE_MS
"""A person who mistypes waits a quarter of an hour; at ten a window a guesser gets under a thousand tries a day."""
MOST_FAILURES = 10
"""Enough for a person who tries all passwords that they use."""
TRIES = 5
"""How often a call reads the bucket again that another call has changed meanwhile."""


def take(rate: Rate, subject: str, now_ms: int, code: str = TOO_MANY_REQUESTS) -> None:
    """Take a token from a subject's bucket. Raises TooMany, and then nothing is taken."""
    for _ in range(TRIES if rate != OFF else 0):
        before_ms = shared_limit_store.load_bucket(subject)
        taken = rate.take(before_ms or 0, now_ms)
        if taken.wait_ms:
            raise too_many(taken.wait_ms, code)
        full_at_ms = math.ceil(taken.full_at_ms)
        if shared_limit_store.swap_bucket(subject, before_ms, full_at_ms, expires_at=full_at_ms // SECOND_MS + 1):
            return
    if rate != OFF:
        raise too_many(SECOND_MS, code)


def left(rate: Rate, subject: str, now_ms: int) -> float:
    """How many tokens a subject may take now."""
    return math.inf if rate == OFF else rate.left(shared_limit_store.load_bucket(subject) or 0, now_ms)


def count_attempt(subject: str, now_ms: int, most: int = MOST_FAILURES) -> None:
    """Count an attempt before it is made. Raises TooMany for each one past the limit.

    With refund_attempt after a success this leaves no gap for many attempts at once.
    """
    if _add(subject, 1, now_ms) > most:
        raise _too_many(now_ms)


def refund_attempt(subject: str, now_ms: int) -> None:
    """Take back what was counted: the attempt was right. now_ms is the one it was counted with."""
    _add(subject, -1, now_ms)


def _add(subject: str, attempts: int, now_ms: int) -> int:
    return shared_limit_store.add(_key(subject, now_ms), attempts, expires_at=_end_ms(now_ms) // SECOND_MS)


def _key(subject: str, now_ms: int) -> str:
    return f"{subject}#{now_ms // WINDOW_MS}"


def _end_ms(now_ms: int) -> int:
    return (now_ms // WINDOW_MS + 1) * WINDOW_MS


def _too_many(now_ms: int) -> TooMany:
    seconds = math.ceil((_end_ms(now_ms) - now_ms) / SECOND_MS)
    return TooMany("Too many attempts; wait a little.", code="too_many_attempts", retry_after_seconds=seconds)
