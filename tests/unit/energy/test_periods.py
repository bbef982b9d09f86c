"""Local days, weeks, months and years; days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import local, start_ms
from chalicelib.core.times import DAY_MS, HOUR_MS, QUARTER_MS, iso
from chalicelib.energy.periods import Length, index_of, periods

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"]


def at_ms(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1_000


def hours_of(zone: str, day: date) -> float:
    return (start_ms(day + timedelta(days=1), ZoneInfo(zone)) - start_ms(day, ZoneInfo(zone))) / HOUR_MS


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("UTC", date(2028, 2, 29), 24),
        ("America/Havana", date(2026, 3, 8), 23),
    ],
)
def test_a_local_day_has_the_hours_of_its_clocks(zone: str, day: date, hours: float) -> None:
    assert hours_of(zone, day) == hours


def test_kathmandu_begins_its_day_at_a_quarter_past_six_in_the_evening() -> None:
    assert iso(start_ms(date(2026, 1, 2), ZoneInfo("Asia/Kathmandu"))) == "2026-01-01T18:15:00.000Z"


def test_a_leap_day_is_a_day_and_its_february_has_29() -> None:
    zone = ZoneInfo("Europe/Berlin")
    (day,) = periods("day", at_ms(2028, 2, 29, 12), at_ms(2028, 2, 29, 13), zone)
    (month,) = periods("month", at_ms(2028, 2, 29, 12), at_ms(2028, 2, 29, 13), zone)
    assert (day.date, (month.end_ms - month.start_ms) // DAY_MS) == (date(2028, 2, 29), 29)


def test_weeks_begin_on_monday_and_years_in_january() -> None:
    zone = ZoneInfo("America/New_York")
    assert [week.date for week in periods("week", at_ms(2026, 1, 1, 12), at_ms(2026, 1, 12, 12), zone)] == [
        date(2025, 12, 29),
        date(2026, 1, 5),
        date(2026, 1, 12),
    ]
    assert [year.date.year for year in periods("year", None, at_ms(2026, 1, 1, 3), zone)] == [2024, 2025]


def test_a_day_that_never_was_is_left_out() -> None:
    shown = periods("day", at_ms(2011, 12, 29, 20), at_ms(2011, 12, 31, 20), ZoneInfo("Pacific/Apia"))
    assert date(2011, 12, 30) not in [day.date for day in shown]


@pytest.mark.parametrize(("length", "count"), [("day", 7), ("week", 8), ("month", 12), ("year", 2)])
def test_without_a_start_a_few_are_shown_up_to_now(length: Length, count: int) -> None:
    now = at_ms(2026, 11, 21, 12)
    shown = periods(length, None, now, ZoneInfo("Europe/Berlin"))
    assert len(shown) == count
    assert index_of(now, shown) == count - 1


def test_more_than_400_periods_are_refused_by_name_and_400_are_not() -> None:
    first = at_ms(2026, 1, 1)
    assert len(periods("day", first, first + 399 * DAY_MS, ZoneInfo("UTC"))) == 400
    with pytest.raises(Invalid) as refused:
        periods("day", first, first + 400 * DAY_MS, ZoneInfo("UTC"))
    assert refused.value.field == "from"


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(at_ms(1980, 1, 1), at_ms(2090, 1, 1)),
    st.integers(0, 300 * DAY_MS),
)
def test_periods_leave_no_gap_and_hold_the_whole_span(zone: str, length: Length, first: int, more: int) -> None:
    shown = periods(length, first, first + more, ZoneInfo(zone))
    assert all(earlier.end_ms == later.start_ms for earlier, later in pairwise(shown))
    assert (index_of(first, shown), index_of(first + more, shown)) == (0, len(shown) - 1)
    assert all(period.start_ms % QUARTER_MS == 0 for period in shown)
    assert all(local(period.start_ms, ZoneInfo(zone)).date() == period.date for period in shown)
