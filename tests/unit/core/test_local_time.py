"""Hours and days of a zone: days of 23 and 25 hours, zones off the hour, leap days."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.local_time import Span, local_days, local_hours
from chalicelib.core.times import DAY_MS, HOUR_MS, QUARTER_MS, epoch_ms, iso
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import sum_by_span

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago")


def lengths(first: str, last: str, timezone: str) -> list[float]:
    return [(day.end_ms - day.start_ms) / HOUR_MS for day in local_days(epoch_ms(first), epoch_ms(last), timezone)]


@pytest.mark.parametrize(
    ("timezone", "day", "length"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("UTC", "2028-02-29", 24),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(timezone: str, day: str, length: float) -> None:
    noon_ms = epoch_ms(f"{day}T12:00:00Z")
    (found,) = local_days(noon_ms, noon_ms + 1, timezone)
    assert (found.end_ms - found.start_ms) / HOUR_MS == length
    assert len(local_hours(found.start_ms, found.end_ms, timezone)) == -(-length // 1)


def test_days_in_kathmandu_begin_at_a_quarter_past_six_in_the_evening() -> None:
    (day,) = local_days(epoch_ms("2026-05-05T00:00:00Z"), epoch_ms("2026-05-05T00:00:01Z"), "Asia/Kathmandu")
    assert (iso(day.start_ms), iso(day.end_ms)) == ("2026-05-04T18:15:00.000Z", "2026-05-05T18:15:00.000Z")


def test_a_day_whose_midnight_is_leapt_over_begins_with_its_first_moment() -> None:
    """In Santiago the clock goes from 24:00 of 5 September 2026 to 1:00: that Sunday has 23 hours."""
    assert lengths("2026-09-05T12:00:00Z", "2026-09-07T12:00:00Z", "America/Santiago") == [24, 23, 24]


def test_a_leap_day_is_a_day() -> None:
    found = local_days(epoch_ms("2028-02-28T00:00:00Z"), epoch_ms("2028-03-02T00:00:00Z"), "UTC")
    assert [iso(day.start_ms)[:10] for day in found] == ["2028-02-28", "2028-02-29", "2028-03-01"]


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.integers(1, 10 * DAY_MS),
)
def test_hours_and_days_cover_a_stretch_without_gap_or_overlap(timezone: str, when: datetime, length_ms: int) -> None:
    first_ms = int(when.replace(tzinfo=UTC).timestamp() * 1_000)
    last_ms = first_ms + length_ms
    for found in (local_days(first_ms, last_ms, timezone), local_hours(first_ms, last_ms, timezone)):
        assert found[0].start_ms <= first_ms < found[0].end_ms
        assert found[-1].start_ms < last_ms <= found[-1].end_ms
        assert all(before.end_ms == after.start_ms for before, after in pairwise(found))
        assert all(span.start_ms % QUARTER_MS == 0 for span in found)


@given(st.sampled_from(ZONES), st.lists(st.integers(0, 2_000), unique=True, min_size=1))
def test_what_is_summed_to_days_is_what_was_in_them(timezone: str, numbers: list[int]) -> None:
    start_ms = epoch_ms("2026-03-01T00:00:00Z")
    parts = [Usage(start_ms + n * QUARTER_MS, QUARTER_MS, n, 2 * n, n, n, n) for n in sorted(numbers)]
    named = local_days(start_ms, parts[-1].end_ms, timezone)
    found = sum_by_span(parts, named)
    assert sum(day.in_use_microjoules for day in found) == sum(numbers)
    assert {Span(day.start_ms, day.end_ms) for day in found} <= set(named)
    for day in found:
        inside = [part.max_milliwatts for part in parts if day.start_ms <= part.start_ms < day.end_ms]
        assert (day.max_milliwatts, day.covered_ms) == (inside[-1], sum(number or 0 for number in inside))


def test_what_begins_before_the_spans_is_left_out() -> None:
    assert sum_by_span([Usage(0, QUARTER_MS, 7)], [Span(HOUR_MS, 2 * HOUR_MS)]) == []
