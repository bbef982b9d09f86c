"""Hours and days as a person's clock counts them: a day has 23 or 25 hours when the clock is put forward or back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from chalicelib.core.local_time import local, start_ms
from chalicelib.core.times import HOUR_MS
from chalicelib.energy.usage import Usage, combined


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
    day = local(first_ms, zone).date()
    found: list[Span] = []
    begins_ms = start_ms(day, zone)
    while begins_ms < last_ms:
        day += timedelta(days=1)
        ends_ms = start_ms(day, zone)
        found.append(Span(begins_ms, ends_ms))
        begins_ms = ends_ms
    return found


def hours(first_ms: int, last_ms: int, timezone: str) -> list[Span]:
    """The hours of a zone's days, counted from midnight, that end after first_ms and begin before last_ms.

    They are true hours; only the last of a day may be shorter, where a clock is put by half an hour.
    """
    return [
        Span(begins_ms, min(begins_ms + HOUR_MS, day.end_ms))
        for day in days(first_ms, last_ms, timezone)
        for begins_ms in range(day.start_ms, day.end_ms, HOUR_MS)
        if begins_ms + HOUR_MS > first_ms and begins_ms < last_ms
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
