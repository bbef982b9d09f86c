"""Readings that held: rectangles, the same for any cutting, order, doubling and batching; counters never fill them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.energy.bills import Tally, bill
from chalicelib.energy.dirty_hours import clipped_hours, counted_gap_hours, mark
from chalicelib.energy.model import Usage, combine
from chalicelib.energy.periods import periods
from chalicelib.energy.slots import GAP_MS, MICROJOULES_PER_MILLIWATT_HOUR, SLOT_MS, quarter_hours, slots
from chalicelib.energy.tariffs import Prices, Tariff, Window
from chalicelib.readings.model import MAX_HELD_MS, Chunk, Columns, PortReading, by_port, merged, runs

START = 1_700_000_000_000 // HOUR_MS * HOUR_MS
END = START + 100 * HOUR_MS
BELOW = 5_000
NIGHT = Tariff("Night", date(2023, 1, 1), None, 333_333, (Window(tuple(range(7)), 88, 24, 187_001),))
PRICES = Prices(300_000, ZoneInfo("Europe/Berlin"), [NIGHT])


class Reading(NamedTuple):
    at_ms: int
    milliwatts: int
    held_ms: int = 0
    counter: int | None = None

    @property
    def begins_ms(self) -> int:
        return self.at_ms - self.held_ms


Readings = list[Reading]
steps = st.one_of(st.integers(1, 5_000), st.integers(GAP_MS - 2, GAP_MS + 2), st.integers(1, 20 * MINUTE_MS))
watts = st.one_of(st.just(0), st.integers(0, 2 * BELOW), st.integers(0, 25_000_000))
lengths = st.one_of(st.just(0), st.integers(1, 5_000), st.just(SLOT_MS), st.integers(1, MAX_HELD_MS))
counts = st.one_of(st.none(), st.integers(0, 100_000))


@st.composite
def some_readings(draw: st.DrawFn, most: int = 30, *, counted: bool = False) -> Readings:
    at_ms, found = START + draw(st.integers(0, SLOT_MS)), []
    for step, milliwatts, held_ms in draw(st.lists(st.tuples(steps, watts, lengths), max_size=most)):
        at_ms += step
        found.append(Reading(at_ms, milliwatts, held_ms, draw(counts) if counted else None))
    return found


def columns(readings: Readings) -> Columns:
    return by_port([(reading.at_ms, _as_sent(reading)) for reading in readings]).get("p", Columns())


def _as_sent(reading: Reading) -> PortReading:
    count = None if reading.counter is None else reading.counter / 1_000
    return PortReading("p", 0, None, None, reading.milliwatts / 1_000, count, reading.held_ms)


def all_slots(readings: Readings) -> list[Usage]:
    return slots(columns(readings), BELOW, 0, END)


def chunk(number: int, readings: Readings) -> Chunk:
    return Chunk("uid", "device", "owner", f"c{number}", number, {"p": columns(readings)})


def cut(reading: Reading, at: list[int]) -> Readings:
    """The reading as several that held for shorter, one after the other; only the last shows the counter."""
    inside = sorted({at_ms for at_ms in at if reading.begins_ms < at_ms < reading.at_ms})
    parts = pairwise([reading.begins_ms, *inside, reading.at_ms])
    return [Reading(end, reading.milliwatts, end - start) for start, end in parts if start < end] or [reading]


def money(readings: Readings) -> list[Tally]:
    """Energy and costs by day: the night is cheaper."""
    days = periods("day", START, START + 3 * DAY_MS, PRICES.zone)
    return bill(days, quarter_hours(all_slots(readings)), [], PRICES)


@given(some_readings(), st.data())
def test_any_cutting_into_shorter_ones_is_the_same_to_the_microjoule(readings: Readings, data: st.DataObject) -> None:
    finer: Readings = []
    before_ms = 0
    for reading in readings:
        since_ms = max(reading.begins_ms, before_ms)
        inside = data.draw(st.lists(st.integers(since_ms, reading.at_ms) | st.just(reading.at_ms - 1), max_size=4))
        finer += cut(reading, [at_ms for at_ms in inside if at_ms > since_ms])
        before_ms = reading.at_ms
    assert all_slots(finer) == all_slots(readings)
    assert money(finer) == money(readings)


@given(some_readings(counted=True), st.data())
def test_any_batching_order_and_doubling_is_the_same(readings: Readings, data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(readings), max_size=10)) if readings else []
    shuffled = data.draw(st.permutations(readings + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=6)))
    parts = [shuffled[start:end] for start, end in pairwise([0, *cuts, len(shuffled)]) if start < end]
    together = merged([chunk(number, part) for number, part in enumerate(parts)])
    assert slots(together.get("p", Columns()), BELOW, 0, END) == all_slots(readings)


def by_hand(readings: Readings) -> tuple[int, int]:
    """All energy and covered time: what held no longer than since the reading before, and short ways to its start."""
    energy = covered_ms = 0
    before: Reading | None = None
    for reading in readings:
        since_ms = reading.begins_ms if before is None else max(reading.begins_ms, before.at_ms)
        energy += reading.milliwatts * (reading.at_ms - since_ms)
        covered_ms += reading.at_ms - since_ms
        if before is not None and since_ms - before.at_ms <= GAP_MS:
            energy += (before.milliwatts + reading.milliwatts) * (since_ms - before.at_ms) // 2
            covered_ms += since_ms - before.at_ms
        before = reading
    return energy, covered_ms


@given(some_readings())
def test_the_slots_sum_to_the_rectangles_and_the_ways_between_them(readings: Readings) -> None:
    total = combine(all_slots(readings), 0, END)
    assert (total.microjoules, total.covered_ms) == by_hand(readings)
    assert all(slot.covered_ms <= SLOT_MS for slot in all_slots(readings)), "no time counts twice"


@given(some_readings(counted=True), st.integers(0, 12))
def test_an_hour_needs_no_more_than_what_is_loaded_for_it(readings: Readings, hour: int) -> None:
    """The readings GAP_MS around it, all up to one that held there, and the ends of counted gaps."""
    first_ms, last_ms = START + hour * HOUR_MS, START + (hour + 1) * HOUR_MS
    first_read_ms, last_read_ms = first_ms - GAP_MS, last_ms + GAP_MS
    until_ms = max([row.at_ms for row in readings if row.begins_ms <= last_read_ms], default=0)
    inside = [row for row in readings if first_read_ms <= row.at_ms <= max(last_read_ms, until_ms)]
    before = [row for row in readings if row.at_ms < first_read_ms][-1:]
    after = [row for row in readings if row.at_ms > max(last_read_ms, until_ms)][:1]
    needed = [*before, *inside, *after]
    found = slots(columns(needed), BELOW, first_ms, last_ms)
    assert found == [slot for slot in all_slots(readings) if first_ms <= slot.start_ms < last_ms]


@given(some_readings(most=6, counted=True), st.data())
def test_every_hour_that_a_chunk_changes_is_marked(readings: Readings, data: st.DataObject) -> None:
    known: Readings = []
    for number, reading in enumerate(data.draw(st.permutations(readings))):
        newest_ms = max((row.at_ms for row in known), default=0)
        added = [chunk(number, [reading])]
        further = counted_gap_hours(added, "p", newest_ms) | clipped_hours(added, "p", newest_ms)
        before = all_slots(known)
        known = [*known, reading]
        changed = set(all_slots(known)) ^ set(before)
        assert {slot.start_ms // HOUR_MS for slot in changed} <= mark({}, added, 0, further).keys()


def test_a_live_reading_clips_nothing() -> None:
    held = [chunk(1, [Reading(START + 10 * MINUTE_MS, 0, 5 * MINUTE_MS)])]
    assert clipped_hours(held, "p", START + 5 * MINUTE_MS) == set()
    assert clipped_hours(held, "p", START + 11 * MINUTE_MS) == {START // HOUR_MS - 1, START // HOUR_MS}


def test_a_meter_that_reads_each_five_minutes_and_says_so_is_covered_wholly() -> None:
    """60 W for an hour, 3 W for an hour: without held readings nothing of it would be known."""
    watts = [60_000] * 12 + [3_000] * 12
    held = [Reading(START + SLOT_MS * (n + 1), milliwatts, SLOT_MS) for n, milliwatts in enumerate(watts)]
    total = combine(all_slots(held), START, 2 * HOUR_MS)
    assert total.covered_ms == 2 * HOUR_MS
    assert total.in_use_microjoules == 60_000 * HOUR_MS
    assert total.standby_microjoules == 3_000 * HOUR_MS
    assert combine(all_slots([row._replace(held_ms=0) for row in held]), START, 2 * HOUR_MS).covered_ms == 0


def test_a_reading_in_the_middle_clips_what_held() -> None:
    """As the meter said something else in between, nobody knows what held before that."""
    held = Reading(START + 10 * MINUTE_MS, 60_000, 10 * MINUTE_MS)
    assert combine(all_slots([held]), 0, END).covered_ms == 10 * MINUTE_MS
    total = combine(all_slots([Reading(START + 4 * MINUTE_MS, 3_000), held]), 0, END)
    assert (total.covered_ms, total.in_use_microjoules) == (6 * MINUTE_MS, 60_000 * 6 * MINUTE_MS)


def test_standby_and_use_are_weighed_by_time() -> None:
    """Ten seconds of 200 W and 290 s of 3 W: as one reading each."""
    readings = [Reading(START + 10_000, 200_000, 10_000), Reading(START + SLOT_MS, 3_000, 290_000)]
    total = combine(all_slots(readings), 0, 1)
    assert total.in_use_microjoules == 200_000 * 10_000
    assert total.standby_microjoules == 3_000 * 290_000
    assert combine(all_slots([Reading(START + SLOT_MS, 0, SLOT_MS)]), 0, 1).standby_microjoules == 0


def test_the_slots_that_a_reading_covers_get_its_watts() -> None:
    found = all_slots([Reading(START + 12 * MINUTE_MS, 7_000, 11 * MINUTE_MS)])
    assert [(slot.start_ms, slot.min_milliwatts, slot.max_milliwatts) for slot in found] == [
        (START + SLOT_MS * number, 7_000, 7_000) for number in range(3)
    ]


@pytest.mark.parametrize(("count", "gap_milliwatt_hours"), [(61_000, 50_000), (11_000, 0), (10_000, 0)])
def test_a_counter_fills_the_gap_and_not_what_held(count: int, gap_milliwatt_hours: int) -> None:
    """60 W held for ten minutes, 10 Wh, at the end of an hour: the counter's other watt-hours are the gap's."""
    readings = [Reading(START, 60_000, 0, 1_000), Reading(START + HOUR_MS, 60_000, 10 * MINUTE_MS, count)]
    total = combine(all_slots(readings), 0, END)
    assert (total.covered_ms, total.counted_ms) == (10 * MINUTE_MS, 50 * MINUTE_MS)
    assert total.microjoules == (10_000 + gap_milliwatt_hours) * MICROJOULES_PER_MILLIWATT_HOUR


@given(some_readings())
def test_a_batch_of_them_is_cut_into_chunks_that_overlap_their_time(readings: Readings) -> None:
    stamped = [
        (row.at_ms, PortReading("p", row.at_ms, None, None, row.milliwatts / 1_000, None, row.held_ms))
        for row in readings
    ]
    chunks = [Chunk("uid", "d", "o", str(n), n, by_port(run)) for n, run in enumerate(runs(stamped))]
    assert slots(merged(chunks).get("p", Columns()), BELOW, 0, END) == all_slots(readings)
