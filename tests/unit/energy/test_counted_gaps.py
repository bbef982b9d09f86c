"""Counted gaps: the same for any batching, order and doubling; each is what the counter says, resets too."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import HOUR_MS, MINUTE_MS
from chalicelib.energy.dirty_hours import counted_gap_hours
from chalicelib.energy.model import Usage, combine
from chalicelib.energy.slots import (
    COUNTED_GAP_MS,
    GAP_MS,
    MAX_MILLIWATTS,
    MICROJOULES_PER_MILLIWATT_HOUR,
    SLOT_MS,
    counted_microjoules,
    slots,
)
from chalicelib.readings.model import Chunk, Columns, merged

START = 1_700_000_000_000 // HOUR_MS * HOUR_MS
END = START + 1_000 * HOUR_MS
BELOW = 5_000
Reading = tuple[int, int, int | None]
steps = st.one_of(
    st.integers(1, 5_000),
    st.integers(GAP_MS - 2, GAP_MS + 2),
    st.integers(1, 5 * HOUR_MS),
    st.integers(COUNTED_GAP_MS - 2, COUNTED_GAP_MS + 2),
)
watts = st.one_of(st.just(0), st.integers(0, 2 * BELOW), st.integers(0, 25_000_000))
counts = st.one_of(st.none(), st.integers(0, 5), st.integers(0, 100_000), st.integers(0, 10**12))


@st.composite
def some_readings(draw: st.DrawFn, most: int = 20) -> list[Reading]:
    at_ms, found = START + draw(st.integers(0, SLOT_MS)), []
    for step, milliwatts, count in draw(st.lists(st.tuples(steps, watts, counts), max_size=most)):
        at_ms += step
        found.append((at_ms, milliwatts, count))
    return found


def columns(readings: list[Reading]) -> Columns:
    none: list[int | None] = [None] * len(readings)
    times_ms, milliwatts, milliwatt_hours = (list(column) for column in zip(*readings, strict=True))
    return Columns(times_ms, milliwatts, none, none, milliwatt_hours)


def all_slots(readings: list[Reading]) -> list[Usage]:
    return slots(columns(readings), BELOW, 0, END) if readings else []


def chunk(number: int, readings: list[Reading]) -> Chunk:
    return Chunk("uid", "device", "owner", f"c{number}", number, {"p": columns(sorted(readings, key=lambda r: r[0]))})


@given(some_readings(), st.data())
def test_any_split_order_and_doubling_gives_the_same_slots_with_counters_and_resets_too(
    readings: list[Reading], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(readings), max_size=10)) if readings else []
    shuffled = data.draw(st.permutations(readings + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    parts = [shuffled[start:end] for start, end in pairwise([0, *cuts, len(shuffled)]) if start < end]
    together = merged([chunk(number, part) for number, part in enumerate(parts)])
    assert slots(together.get("p", Columns()), BELOW, 0, END) == all_slots(readings)


def counted_gaps(readings: list[Reading]) -> list[tuple[int, int]]:
    """The length and the energy of each gap that counters fill, by hand."""
    found = []
    for (t0, p0, c0), (t1, p1, c1) in pairwise(readings):
        if not GAP_MS < t1 - t0 <= COUNTED_GAP_MS or c0 is None or c1 is None:
            continue
        used, most = (c1 - c0, MAX_MILLIWATTS) if c1 >= c0 else (c1, max(p0, p1))
        was_corrected = c0 * 9 < c1 * 10 < c0 * 10
        if not was_corrected and used * MICROJOULES_PER_MILLIWATT_HOUR <= most * (t1 - t0):
            found.append((t1 - t0, used * MICROJOULES_PER_MILLIWATT_HOUR))
    return found


@given(some_readings())
def test_the_slots_sum_to_what_was_measured_and_what_was_counted(readings: list[Reading]) -> None:
    near = [(a, b) for a, b in pairwise(readings) if b[0] - a[0] <= GAP_MS]
    gaps = counted_gaps(readings)
    total = combine(all_slots(readings), 0, END)
    measured = sum((before[1] + after[1]) * (after[0] - before[0]) // 2 for before, after in near)
    assert total.microjoules == measured + sum(used for _, used in gaps)
    assert total.covered_ms == sum(after[0] - before[0] for before, after in near), "a counted gap is not measured"
    assert total.counted_ms == sum(length_ms for length_ms, _ in gaps)


@given(some_readings(), st.integers(0, 200))
def test_an_hour_needs_no_more_than_its_readings_and_the_ends_of_its_gaps(readings: list[Reading], hour: int) -> None:
    first_ms, last_ms = START + hour * HOUR_MS, START + (hour + 1) * HOUR_MS
    inside = [row for row in readings if first_ms - GAP_MS <= row[0] <= last_ms + GAP_MS]
    before = [row for row in readings if row[0] < first_ms - GAP_MS][-1:]
    after = [row for row in readings if row[0] > last_ms + GAP_MS][:1]
    needed = [*before, *inside, *after]
    found = slots(columns(needed), BELOW, first_ms, last_ms) if needed else []
    assert found == [slot for slot in all_slots(readings) if first_ms <= slot.start_ms < last_ms]


def test_a_gap_is_spread_evenly_by_time() -> None:
    """60 Wh in an hour: 5 Wh in each five minutes."""
    found = all_slots([(START, 60_000, 1_000), (START + HOUR_MS, 60_000, 61_000)])
    assert [slot.in_use_microjoules for slot in found[:12]] == [5_000 * MICROJOULES_PER_MILLIWATT_HOUR] * 12
    assert {slot.covered_ms for slot in found} == {0}
    assert {slot.mean_watts for slot in found[:12]} == {60.0}


def test_a_gap_is_in_use_or_in_standby_by_its_mean() -> None:
    def of(count: int) -> tuple[int, int]:
        total = combine(all_slots([(START, 0, 0), (START + HOUR_MS, 90_000, count)]), 0, END)
        return total.in_use_microjoules, total.standby_microjoules

    assert of(4_999) == (0, 4_999 * MICROJOULES_PER_MILLIWATT_HOUR)
    assert of(5_000) == (5_000 * MICROJOULES_PER_MILLIWATT_HOUR, 0)
    assert of(0) == (0, 0)


def watt_hours_counted(before: float, after: float, minutes: float, watts: float) -> float | None:
    """As microjoules, in the units of people."""
    used = counted_microjoules(
        round(before * 1_000), round(after * 1_000), round(minutes * MINUTE_MS), round(watts * 1_000)
    )
    return None if used is None else used / MICROJOULES_PER_MILLIWATT_HOUR / 1_000


@pytest.mark.parametrize(
    ("before", "after", "minutes", "watts", "used"),
    [
        pytest.param(9_000, 9_020, 30, 60, 20, id="counted on"),
        pytest.param(9_000, 9_000, 30, 60, 0, id="stood still"),
        pytest.param(9_000, 20, 30, 60, 20, id="reset, and counted since"),
        pytest.param(9_999_991, 11, 20, 60, 11, id="wrapped: as a reset"),
        pytest.param(5_432_100.05, 5_432_099.0, 10, 3, None, id="dipped by a hair"),
        pytest.param(47_001, 45_000, 30, 60, None, id="restored from flash, a twentieth lower"),
        pytest.param(12_000, 10_500, 30, 60, None, id="restored from flash, an eighth lower"),
        pytest.param(12_000, 10_500, 12 * 60, 60, None, id="restored from flash over night"),
        pytest.param(3_000, 1_500, 60, 60, None, id="restored from flash, half"),
        pytest.param(100, 12_700, 30, 60, None, id="jumped by more than 25 kW allow"),
        pytest.param(100, 12_600, 30, 60, 12_500, id="25 kW for half an hour"),
        pytest.param(0, 900_000_000, 24 * 60, 60, None, id="began at zero and then showed its total"),
        pytest.param(9_000, 200, 30, 0, None, id="reset while nothing was drawn"),
    ],
)
def test_a_count_is_believed_as_far_as_physics_and_the_readings_beside_it_allow(
    before: float, after: float, minutes: float, watts: float, used: float | None
) -> None:
    assert watt_hours_counted(before, after, minutes, watts) == used


whole_counts = st.integers(0, 10**12)


@given(whole_counts, whole_counts, st.integers(GAP_MS + 1, COUNTED_GAP_MS), st.integers(0, MAX_MILLIWATTS))
def test_no_gap_holds_more_than_an_outlet_can_draw(before: int, after: int, length_ms: int, milliwatts: int) -> None:
    used = counted_microjoules(before, after, length_ms, milliwatts)
    assert used is None or 0 <= used <= MAX_MILLIWATTS * length_ms


@given(whole_counts, st.integers(1, 10**12), st.integers(GAP_MS + 1, COUNTED_GAP_MS), st.integers(0, MAX_MILLIWATTS))
def test_a_count_that_falls_adds_no_more_than_the_readings_beside_it_drew(
    after: int, fell_by: int, length_ms: int, milliwatts: int
) -> None:
    used = counted_microjoules(after + fell_by, after, length_ms, milliwatts)
    assert used is None or used <= milliwatts * length_ms


@given(st.lists(st.tuples(st.integers(1, GAP_MS), watts, st.integers(0, 10**12)), min_size=2, max_size=20))
def test_counts_of_readings_without_a_gap_change_nothing(rows: list[tuple[int, int, int]]) -> None:
    at_ms, counted, plain = START, [], []
    for step, milliwatts, count in rows:
        at_ms += step
        counted.append((at_ms, milliwatts, count))
        plain.append((at_ms, milliwatts, None))
    assert all_slots(list(counted)) == all_slots(list(plain))


def test_a_gap_of_more_than_a_day_or_with_a_count_at_one_end_only_is_not_filled() -> None:
    assert combine(all_slots([(START, 0, 0), (START + COUNTED_GAP_MS + 1, 0, 9)]), 0, END).microjoules == 0
    assert combine(all_slots([(START, 0, 0), (START + HOUR_MS, 0, None)]), 0, END).counted_ms == 0


@given(some_readings(most=6), st.data())
def test_every_hour_of_a_gap_that_a_chunk_changes_is_marked(readings: list[Reading], data: st.DataObject) -> None:
    """Chunk by chunk, in any order, at least the hours whose slots change are named."""
    parts = [readings[start : start + 1] for start in range(len(readings))]
    known: list[Reading] = []
    for number, part in enumerate(data.draw(st.permutations(parts))):
        newest_ms = max((row[0] for row in known), default=0)
        named = counted_gap_hours([chunk(number, part)], "p", newest_ms)
        before = all_slots(known)
        known = sorted([*known, *part])
        changed = set(all_slots(known)) ^ set(before)
        near = {(part[0][0] + step) // HOUR_MS for step in (-GAP_MS, 0, GAP_MS)}
        assert {slot.start_ms // HOUR_MS for slot in changed} <= named | near


def test_a_live_reading_after_no_gap_marks_nothing_but_its_hour() -> None:
    assert counted_gap_hours([chunk(1, [(START + MINUTE_MS, 0, 1)])], "p", START) == {START // HOUR_MS}
