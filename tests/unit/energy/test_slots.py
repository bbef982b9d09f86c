"""Slots: the same for any batching, order and doubling of the same readings, and what a plain slow sum gives."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import HOUR_MS, QUARTER_MS
from chalicelib.energy.model import Usage, combine
from chalicelib.energy.slots import GAP_MS, SLOT_MS, quarter_hours, slots
from chalicelib.readings.model import Chunk, Columns, merged

START = 1_700_000_000_000 // HOUR_MS * HOUR_MS
BELOW = 5_000
Readings = list[tuple[int, int]]
steps = st.one_of(st.integers(1, 5_000), st.integers(GAP_MS - 3, GAP_MS + 3), st.integers(1, 20 * 60_000))
watts = st.one_of(st.just(0), st.integers(0, 2 * BELOW), st.integers(0, 25_000_000))


@st.composite
def some_readings(draw: st.DrawFn) -> Readings:
    at_ms, found = START + draw(st.integers(0, SLOT_MS)), []
    for step, milliwatts in draw(st.lists(st.tuples(steps, watts), max_size=40)):
        at_ms += step
        found.append((at_ms, milliwatts))
    return found


def columns(readings: Readings) -> Columns:
    none: list[int | None] = [None] * len(readings)
    return Columns([at_ms for at_ms, _ in readings], [milliwatts for _, milliwatts in readings], none, none)


def all_slots(readings: Readings, below: int | None = BELOW) -> list[Usage]:
    return slots(columns(readings), below, 0, START + 100 * HOUR_MS)


def chunk(number: int, readings: Readings) -> Chunk:
    return Chunk("uid", "device", "owner", f"c{number}", number, {"p": columns(sorted(readings))})


@given(some_readings(), st.data())
def test_any_split_order_and_doubling_of_the_same_readings_gives_the_same_slots(
    readings: Readings, data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(readings), max_size=20)) if readings else []
    shuffled = data.draw(st.permutations(readings + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    parts = [shuffled[start:end] for start, end in pairwise([0, *cuts, len(shuffled)]) if start < end]
    together = merged([chunk(number, part) for number, part in enumerate(parts)])
    found = slots(together.get("p", Columns()), BELOW, 0, START + 100 * HOUR_MS)
    assert found == all_slots(readings)


def slow(readings: Readings, below: int) -> dict[int, tuple[int, int, int]]:
    """Energy in use, in standby and covered time by slot: each interval looked at for each slot, in fractions."""
    found: dict[int, tuple[int, int, int]] = {}
    for (t0, p0), (t1, p1) in pairwise(readings):
        if t1 - t0 > GAP_MS:
            continue
        slope = Fraction(p1 - p0, t1 - t0)

        def until(at_ms: int, t0: int = t0, t1: int = t1, p0: int = p0, slope: Fraction = slope) -> tuple[int, int]:
            ms = min(max(at_ms, t0), t1) - t0
            return floor(p0 * ms + slope * ms * ms / 2), ms

        for slot in range(t0 // SLOT_MS * SLOT_MS, t1, SLOT_MS):
            energy, covered = (after - before for after, before in zip(until(slot + SLOT_MS), until(slot), strict=True))
            standby = max(p0, p1) < below and p0 + p1 > 0
            known = found.get(slot, (0, 0, 0))
            found[slot] = (known[0] + energy * (not standby), known[1] + energy * standby, known[2] + covered)
    return found


@given(some_readings())
def test_a_plain_slow_computation_agrees_to_the_microjoule(readings: Readings) -> None:
    measured = {
        slot.start_ms: (slot.in_use_microjoules, slot.standby_microjoules, slot.covered_ms)
        for slot in all_slots(readings)
    }
    assert {start: row for start, row in measured.items() if row[2]} == {
        start: row for start, row in slow(readings, BELOW).items() if row[2]
    }


@given(some_readings())
def test_the_slots_sum_to_the_whole(readings: Readings) -> None:
    near = [(a, b) for a, b in pairwise(readings) if b[0] - a[0] <= GAP_MS]
    exact = sum(Fraction((p0 + p1) * (t1 - t0), 2) for (t0, p0), (t1, p1) in near)
    whole = sum((p0 + p1) * (t1 - t0) // 2 for (t0, p0), (t1, p1) in near)
    found = all_slots(readings)
    total = combine(found, 0, START + 100 * HOUR_MS)
    assert total.microjoules == whole
    assert 0 <= exact - total.microjoules <= Fraction(len(near), 2), "half a microjoule an interval is rounded down"
    assert total.covered_ms == sum(b[0] - a[0] for a, b in near)
    if readings:
        assert total.min_milliwatts == min(milliwatts for _, milliwatts in readings)
        assert total.max_milliwatts == max(milliwatts for _, milliwatts in readings)
    by_quarter = quarter_hours(found)
    assert sum(part.microjoules for part in by_quarter) == whole
    assert all(part.start_ms % QUARTER_MS == 0 and part.length_ms == QUARTER_MS for part in by_quarter)


@given(some_readings(), st.integers(0, 50))
def test_slots_of_hours_computed_apart_are_those_computed_together(readings: Readings, hours: int) -> None:
    apart: list[Usage] = []
    for hour in range(hours):
        first_ms = START + hour * HOUR_MS
        near = [row for row in readings if first_ms - GAP_MS <= row[0] <= first_ms + HOUR_MS + GAP_MS]
        apart += slots(columns(near), BELOW, first_ms, first_ms + HOUR_MS)
    assert apart == [slot for slot in all_slots(readings) if slot.start_ms < START + hours * HOUR_MS]


def test_a_gap_is_not_filled_in() -> None:
    just, past = START + GAP_MS, START + GAP_MS + 1
    assert [slot.covered_ms for slot in all_slots([(START, 1_000), (just, 1_000)])] == [GAP_MS]
    (slot,) = all_slots([(START, 1_000), (past, 2_000)])
    assert (slot.covered_ms, slot.microjoules, slot.mean_watts) == (0, 0, None)
    assert (slot.min_milliwatts, slot.max_milliwatts) == (1_000, 2_000)


def test_an_interval_is_cut_where_a_slot_ends() -> None:
    """From 0 to 60 W in 60 s, the slot's end after 20 s: 200 J and 1,600 J, as the triangles say."""
    first, second = all_slots([(START + SLOT_MS - 20_000, 0), (START + SLOT_MS + 40_000, 60_000)])
    assert (first.microjoules, second.microjoules) == (200_000_000, 1_600_000_000)
    assert (first.covered_ms, second.covered_ms) == (20_000, 40_000)


def test_standby_is_below_the_threshold_at_both_ends_and_not_nothing() -> None:
    def of(before: int, after: int, below: int | None = 5_000) -> tuple[int, int]:
        (slot,) = all_slots([(START, before), (START + 2, after)], below)
        return slot.in_use_microjoules, slot.standby_microjoules

    assert of(3_000, 4_999) == (0, 7_999)
    assert of(3_000, 5_000) == (8_000, 0)
    assert of(3_000, 3_000, None) == (6_000, 0)
    assert of(0, 3_000) == (0, 3_000)
    assert of(0, 0) == (0, 0)


def test_of_two_readings_of_one_time_the_first_stored_counts() -> None:
    found = merged([chunk(1, [(START, 1_000), (START + 1_000, 1_000)]), chunk(2, [(START + 1_000, 9_000)])])["p"]
    (slot,) = slots(found, None, START, START + HOUR_MS)
    assert (slot.microjoules, slot.max_milliwatts) == (1_000_000, 1_000)
