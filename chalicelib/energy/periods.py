"""Periods of a report by a person's clock: days, weeks, months and years. A day has 23, 24 or 25 hours."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import Span, local, start_ms
from chalicelib.energy.model import Usage, combine

Length = Literal["day", "week", "month", "year"]
MOST_PERIODS = 400
"""A year of days and a month more."""
DEFAULT_PERIODS = {"day": 7, "week": 8, "month": 12, "year": 2}
"""Number of periods without a given start, the present one included."""


@dataclass(frozen=True, slots=True)
class Period:
    """A local day, week (from Monday), month or year: from start_ms until before end_ms; date is its first day."""

    start_ms: int
    end_ms: int
    date: date


def periods(length: Length, first_ms: int | None, last_ms: int, zone: ZoneInfo) -> tuple[Period, ...]:
    """List whole periods.

    Args:
        length: The kind of period.
        first_ms: A time in the first one (epoch ms); None for the last DEFAULT_PERIODS.
        last_ms: A time in the last one (epoch ms).
        zone: The person's time zone.

    Raises:
        Invalid: There are more than MOST_PERIODS (field from).
    """
    last_day = first_day(length, local(last_ms, zone).date())
    if first_ms is None:
        day = _moved(length, last_day, 1 - DEFAULT_PERIODS[length])
    else:
        day = first_day(length, local(first_ms, zone).date())
    bounded = zip(_from(length, day, last_day, zone), range(MOST_PERIODS + 1), strict=False)
    listed = tuple(period for period, _ in bounded)
    if len(listed) > MOST_PERIODS:
        raise Invalid(f"There are at most {MOST_PERIODS} periods in an answer.", code="too_many_periods", field="from")
    return listed


def _from(length: Length, day: date, last_day: date, zone: ZoneInfo) -> Iterator[Period]:
    while day <= last_day:
        following = _moved(length, day, 1)
        period = Period(start_ms(day, zone), start_ms(following, zone), day)
        if period.start_ms < period.end_ms:  # Samoa had no 30 December 2011
            yield period
        day = following


def first_day(length: Length, day: date) -> date:
    """Find the first day of the period that holds this day."""
    if length == "day":
        return day
    if length == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if length == "month" else day.replace(month=1, day=1)


def _moved(length: Length, day: date, periods_on: int) -> date:
    if length in ("day", "week"):
        return day + timedelta(days=periods_on * (7 if length == "week" else 1))
    months = day.year * 12 + day.month - 1 + periods_on * (12 if length == "year" else 1)
    return date(months // 12, months % 12 + 1, 1)


def index_of(at_ms: int, ordered: Sequence[Period]) -> int | None:
    """Find which of some periods, in order, holds a time; None if none does."""
    index = bisect_right(ordered, at_ms, key=lambda period: period.start_ms) - 1
    return index if index >= 0 and at_ms < ordered[index].end_ms else None


def sum_by_span(parts: Sequence[Usage], spans: Sequence[Span]) -> list[Usage]:
    """Sum up usages, oldest first, by the span in which they begin; spans without any are left out.

    The spans are in order and do not overlap.
    """
    starts = [span.start_ms for span in spans]
    grouped = groupby(parts, key=lambda part: bisect_right(starts, part.start_ms) - 1)
    return [
        combine(list(group), spans[index].start_ms, spans[index].end_ms - spans[index].start_ms)
        for index, group in grouped
        if index >= 0
    ]
