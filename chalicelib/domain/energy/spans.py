"""Hours and days as a person's clock counts them: a day has 23 or 25 hours when the clock is put forward or back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from chalicelib.domain.energy.usage import Usage, combined
from chalicelib.domain.times import HOUR_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, its end not included (epoch ms)."""

    start_ms: int
    end_ms: int


def steps(first_ms: int, last_ms: int, length_ms: int) -> list[Span]:
    """Stretches of one length, aligned to UTC, from the one with first_ms in it to the last before last_ms."""
    return [Span(at_ms, at_ms + length_ms) for at_ms in range(first_ms // length_ms * length_ms, last_ms, length_ms)]


def days(first_ms: int, last_ms: int, timezone: str) -> list[Span]:
    """The days of a zone of the tz database, from the one with first_ms in it to the last that begins before last_ms.

    A day begins at midnight, or with the first moment after it where the clock leaps over midnight.
    """
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(first_ms / SECOND_MS, zone).date()
    found: list[Span] = []
    start_ms = _midnight_ms(day, zone)
    while start_ms < last_ms:
        day += timedelta(days=1)
        end_ms = _midnight_ms(day, zone)
        found.append(Span(start_ms, end_ms))
        start_ms = end_ms
    return found


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND_MS


def hours(first_ms: int, last_ms: int, timezone: str) -> list[Span]:
    """The hours of a zone's days, counted from midnight, that end after first_ms and begin before last_ms.

    They are true hours; only the last of a day may be shorter, where a clock is put by half an hour.
    """
    return [
        Span(start_ms, min(start_ms + HOUR_MS, day.end_ms))
        for day in days(first_ms, last_ms, timezone)
        for start_ms in range(day.start_ms, day.end_ms, HOUR_MS)
        if start_ms + HOUR_MS > first_ms and start_ms < last_ms
    ]


def summed(parts: Sequence[Usage], spans: Sequence[Span]) -> list[Usage]:
    """Usages, oldest first, summed to the spans they begin in (in order, without overlap); empty ones are left out."""
    starts = [span.start_ms for span in spans]
    grouped = groupby(parts, key=lambda part: bisect_right(starts, part.start_ms) - 1)
    return [
        combined(list(group), spans[index].start_ms, spans[index].end_ms - spans[index].start_ms)
        for index, group in grouped
        if index >= 0
    ]
