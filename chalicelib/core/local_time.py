"""The wall clock of a time zone: its time, and its hours and days. A day has 23, 24 or 25 hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

UsageResolution = Literal["5m", "1h", "1d"]
RESOLUTION_MS: dict[UsageResolution, int] = {"5m": 5 * MINUTE_MS, "1h": HOUR_MS, "1d": DAY_MS}
"""The usual length of a span of each resolution; an hour or a day may be longer or shorter where a clock is moved."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, its end not included (epoch ms)."""

    start_ms: int
    end_ms: int


def local(at_ms: int, zone: ZoneInfo) -> datetime:
    """The wall clock at a time, to the second."""
    return datetime.fromtimestamp(at_ms // SECOND_MS, zone)


def start_ms(day: date, zone: ZoneInfo, hour: int = 0) -> int:
    """When a local day begins, or an hour of it; where clocks skip that moment, the one after."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()) * SECOND_MS


def even_spans(first_ms: int, last_ms: int, length_ms: int) -> list[Span]:
    """List spans of one length, aligned to UTC, from the one that holds first_ms to the last before last_ms."""
    return [Span(at_ms, at_ms + length_ms) for at_ms in range(first_ms // length_ms * length_ms, last_ms, length_ms)]


def local_days(first_ms: int, last_ms: int, timezone: str) -> list[Span]:
    """List local days, from the one that holds first_ms to the last that begins before last_ms.

    A day begins at midnight, or with the first moment after it where the clock leaps over midnight.

    Args:
        first_ms: Epoch ms.
        last_ms: Epoch ms.
        timezone: A name of the tz database.
    """
    zone = ZoneInfo(timezone)
    day = local(first_ms, zone).date()
    listed: list[Span] = []
    begins_ms = start_ms(day, zone)
    while begins_ms < last_ms:
        day += timedelta(days=1)
        ends_ms = start_ms(day, zone)
        listed.append(Span(begins_ms, ends_ms))
        begins_ms = ends_ms
    return listed


def local_hours(first_ms: int, last_ms: int, timezone: str) -> list[Span]:
    """List the hours of local days, counted from midnight, that end after first_ms and begin before last_ms.

    Each is 60 minutes long; only the last of a day may be shorter, where a clock is moved by half an hour.
    """
    return [
        Span(begins_ms, min(begins_ms + HOUR_MS, day.end_ms))
        for day in local_days(first_ms, last_ms, timezone)
        for begins_ms in range(day.start_ms, day.end_ms, HOUR_MS)
        if begins_ms + HOUR_MS > first_ms and begins_ms < last_ms
    ]


def spans_of(resolution: UsageResolution, first_ms: int, end_ms: int, timezone: str) -> list[Span]:
    """List the spans of a resolution, from the one that holds first_ms to the last that begins before end_ms.

    Args:
        resolution: Five minutes aligned to UTC, or hours or days of the time zone.
        first_ms: Epoch ms.
        end_ms: Epoch ms.
        timezone: A name of the tz database.
    """
    if resolution == "5m":
        return even_spans(first_ms, end_ms, RESOLUTION_MS["5m"])
    return local_hours(first_ms, end_ms, timezone) if resolution == "1h" else local_days(first_ms, end_ms, timezone)
