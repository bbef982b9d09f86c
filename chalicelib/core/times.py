"""Epoch milliseconds and ISO 8601, both ways."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from chalicelib.core.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 4_102_444_800_000
"""The year 2100: whatever claims to be later is no time."""
EARLIEST_MS = 100_000_000_000
"""March 1973: a lower number can only be seconds (as Python's time.time() gives them), for nothing was metered then."""
SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
QUARTER_MS = 15 * MINUTE_MS
"""Hours and days of every zone are made of whole quarter hours: Kathmandu is 5:45 ahead."""
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def iso(at_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds and Z."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at_ms: int | None) -> str | None:
    """As iso, None staying None."""
    return None if at_ms is None else iso(at_ms)


def is_in_seconds(at_ms: int, now_ms: int) -> bool:
    """Whether what should be epoch milliseconds can only be epoch seconds, those of about now.

    Days of them are a thousandth of a day, so that this holds for the last two years of seconds. A clock that began in
    1970 shows such a time only when it has run for three weeks.
    """
    return abs(at_ms - now_ms // SECOND_MS) <= DAY_MS


def refuse_seconds(at_ms: int | None, now_ms: int, field: str) -> None:
    """Raises Invalid, naming the field, for epoch seconds where epoch milliseconds are wanted."""
    if at_ms is not None and is_in_seconds(at_ms, now_ms):
        raise Invalid(
            f"{field} is in seconds; epoch milliseconds were expected: multiply it by 1,000.",
            code="in_seconds",
            field=field,
        )


def epoch_ms(when: str | float, field: str = "timestamp") -> int:
    """ISO 8601 text (without an offset: UTC), or epoch milliseconds, or seconds, as a number or as digits.

    Raises Invalid, naming the field, for anything else and for times before 1970 or after 2100.
    """
    try:
        at_ms = _parse(when)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{field} is neither ISO 8601 nor epoch milliseconds.", code="invalid", field=field) from error
    if not 0 <= at_ms <= LATEST_MS:
        unit = "; microseconds and nanoseconds are not taken" if at_ms > LATEST_MS else ""
        raise Invalid(f"{field} lies before 1970 or after 2100{unit}.", code="out_of_range", field=field)
    return at_ms


def _parse(when: str | float) -> int:
    if isinstance(when, str) and not (when.isascii() and when.strip().isdecimal()):
        moment = datetime.fromisoformat(when.strip().upper())  # RFC 3339 allows a small z
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return (moment - EPOCH) // timedelta(milliseconds=1)
    if not math.isfinite(float(when)):
        raise ValueError("not finite")
    return int(when) if abs(float(when)) >= EARLIEST_MS else round(float(when) * SECOND_MS)
