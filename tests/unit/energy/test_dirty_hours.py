"""Which hours are computed, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import DAY_MS, HOUR_MS
from chalicelib.energy.dirty_hours import (
    MOST_AT_ONCE,
    QUIET_MS,
    RETRY_MS,
    clear,
    due,
    due_at_ms,
    finished_days,
    mark,
    postpone,
    runs,
    with_all_readings,
)
from chalicelib.energy.slots import COUNTED_GAP_MS, GAP_MS
from chalicelib.readings.model import Chunk, Columns

HOUR = 480_000
NOW = (HOUR + 2) * HOUR_MS


def chunk(*times_ms: int) -> Chunk:
    none: list[int | None] = [None] * len(times_ms)
    return Chunk("uid", "device", "owner", "c", NOW, {"p": Columns(list(times_ms), [0] * len(times_ms), none, none)})


def test_a_chunk_marks_its_hour() -> None:
    middle = HOUR * HOUR_MS + HOUR_MS // 2
    assert mark({}, [chunk(middle, middle + 60_000)], NOW) == {HOUR: NOW}


def test_readings_near_the_end_of_an_hour_mark_its_neighbour_too() -> None:
    start = HOUR * HOUR_MS
    assert mark({}, [chunk(start + GAP_MS - 1)], NOW) == {HOUR - 1: NOW, HOUR: NOW}
    assert mark({}, [chunk(start + GAP_MS)], NOW) == {HOUR: NOW}
    assert mark({}, [chunk(start - GAP_MS)], NOW) == {HOUR - 1: NOW, HOUR: NOW}


def test_an_hour_is_due_when_it_is_over_and_quiet() -> None:
    end = (HOUR + 1) * HOUR_MS
    assert due({HOUR: 0}, end + GAP_MS, NOW) == [HOUR]
    assert due({HOUR: 0}, end + GAP_MS - 1, NOW) == []
    assert due({HOUR: NOW - QUIET_MS}, end + GAP_MS, NOW) == [HOUR]
    assert due({HOUR: NOW - QUIET_MS + 1}, end + GAP_MS, NOW) == []


def test_a_long_backlog_is_computed_a_part_at_a_time_the_oldest_first() -> None:
    backlog = dict.fromkeys(range(HOUR, HOUR - 300, -1), 0)
    first = due(backlog, NOW, NOW)
    assert first == list(range(HOUR - 299, HOUR - 299 + MOST_AT_ONCE))
    assert due(clear(backlog, first), NOW, NOW)[0] == HOUR - 299 + MOST_AT_ONCE


def test_hours_are_left_to_the_sweep_one_to_two_hours_after_the_last_touch() -> None:
    assert due_at_ms({}) is None
    for last_ms in (NOW, NOW + 1, NOW + HOUR_MS - 1):
        assert due_at_ms({HOUR - 9: NOW - HOUR_MS, HOUR: last_ms}) == NOW + 2 * HOUR_MS


def test_an_hour_that_cannot_be_computed_is_left_alone_for_a_while() -> None:
    left = postpone({HOUR - 1: 0, HOUR: 0}, [HOUR - 1], NOW)
    assert due(left, NOW + HOUR_MS, NOW + RETRY_MS) == [HOUR]
    assert due(left, NOW + HOUR_MS, NOW + RETRY_MS + QUIET_MS) == [HOUR - 1, HOUR]


def test_an_hour_is_whole_while_a_day_before_it_is_still_stored() -> None:
    assert with_all_readings([HOUR - 1, HOUR], HOUR * HOUR_MS - COUNTED_GAP_MS) == [HOUR]


def test_a_day_is_finished_when_it_is_over_and_none_of_its_hours_is_left() -> None:
    day = HOUR // 24
    first = day * 24
    over = (day + 1) * DAY_MS
    assert finished_days([first, first + 5], {}, over) == [day * DAY_MS]
    assert finished_days([first], {}, over - 1) == []
    assert finished_days([first], {first + 23: 0}, over) == []
    assert finished_days([first], {first + 24: 0}, over) == [day * DAY_MS]


@given(st.sets(st.integers(0, 200)), st.integers(1, 30))
def test_runs_are_all_hours_once_without_a_hole_in_any(hours: set[int], longest: int) -> None:
    found = runs(hours, longest)
    assert [hour for run in found for hour in run] == sorted(hours)
    assert all(len(run) <= longest and run[-1] - run[0] == len(run) - 1 for run in found)
