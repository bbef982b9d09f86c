"""Energy and money are the same however the readings were cut up."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import HOUR_MS, QUARTER_MS
from chalicelib.detection.model import PhantomEvent
from chalicelib.energy import model
from chalicelib.energy.bills import add_by_period, bill, total
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import periods
from chalicelib.energy.savings import Saving
from chalicelib.energy.tariffs import Prices, Tariff, Window

START_MS = 1_774_656_000_000  # 2026-03-28T00:00Z, a day before clocks change in Berlin
ZONE = ZoneInfo("Europe/Berlin")
PRICES = Prices(
    300_000,
    ZONE,
    [Tariff("Night", date(2026, 3, 29), None, 333_333, (Window(tuple(range(7)), 88, 24, 187_001),))],
)
DAYS = periods("day", START_MS, START_MS + 72 * HOUR_MS, ZONE)
QUARTERS = st.lists(
    st.tuples(st.integers(0, 287), st.integers(0, 22_500_000_000), st.integers(0, 9_000_000_000)), max_size=60
)


def usage(quarter: int, in_use: int, standby: int) -> Usage:
    return Usage(START_MS + quarter * QUARTER_MS, QUARTER_MS, in_use, standby, QUARTER_MS)


@given(QUARTERS, st.randoms(use_true_random=False))
def test_order_and_splitting_change_no_bill(drawn: list[tuple[int, int, int]], dice: random.Random) -> None:
    whole = [usage(*each) for each in drawn]
    split = [
        part
        for quarter, in_use, standby in drawn
        for share in [dice.randint(0, in_use)]
        for part in (usage(quarter, share, 0), usage(quarter, in_use - share, standby))
    ]
    dice.shuffle(split)
    before, after = total(bill(DAYS, whole, [], PRICES)), total(bill(DAYS, split, [], PRICES))
    assert (before.cost, before.standby_cost, before.microjoules) == (after.cost, after.standby_cost, after.microjoules)


@given(QUARTERS)
def test_a_plain_computation_in_decimals_comes_to_the_same_cent(drawn: list[tuple[int, int, int]]) -> None:
    plain = sum(
        (
            Fraction(in_use + standby, 3_600_000_000_000)
            * Fraction(Decimal(PRICES.at(START_MS + quarter * QUARTER_MS)).scaleb(-6))
            for quarter, in_use, standby in drawn
        ),
        Fraction(0),
    )
    billed = total(bill(DAYS, [usage(*each) for each in drawn], [], PRICES))
    assert model.money(billed.cost) == float(round(plain, 4))


@given(st.integers(0, 72 * HOUR_MS), st.integers(1, 24 * HOUR_MS), st.lists(st.integers(0, 24 * HOUR_MS)))
def test_any_cut_of_a_stretch_saves_the_same(offset_ms: int, length_ms: int, marks: list[int]) -> None:
    whole = saving(START_MS + offset_ms, length_ms)
    edges = sorted({0, length_ms, *(mark for mark in marks if mark < length_ms)})
    parts = [saving(START_MS + offset_ms + first, last - first) for first, last in pairwise(edges)]
    assert sum(part.cost(PRICES) for part in parts) == whole.cost(PRICES)
    assert sum(microjoules for _, microjoules in whole.quarters()) == whole.microjoules
    everywhere = total(bill(periods("day", START_MS, START_MS + 96 * HOUR_MS, ZONE), [], [whole], PRICES))
    assert (everywhere.saved_microjoules, everywhere.saved_cost) == (whole.microjoules, whole.cost(PRICES))


def saving(from_ms: int, counted_ms: int) -> Saving:
    event = PhantomEvent("e", "o", "p", "TV", "d", "u", 3.217, from_ms, from_ms, "auto_cut", "", obeyed_at_ms=from_ms)
    return Saving(event, from_ms, from_ms + counted_ms, counted_ms, "restored")


def test_a_saving_over_midnight_counts_on_both_days_at_each_price() -> None:
    midnight_ms = DAYS[1].start_ms
    first, second, *_ = bill(DAYS, [], [saving(midnight_ms - HOUR_MS, 3 * HOUR_MS)], PRICES)
    assert (first.saved_microjoules, second.saved_microjoules) == (3_217 * HOUR_MS, 3_217 * 2 * HOUR_MS)
    assert (first.saved_cost, second.saved_cost) == (
        3_217 * HOUR_MS * 300_000,
        3_217 * 2 * HOUR_MS * 187_001,
    )


def test_outlets_are_added_before_anything_is_rounded() -> None:
    rows = [bill(DAYS, [usage(10, 1_500_000 * number, 0)], [], PRICES) for number in (1, 1)]
    assert [model.kwh(total(row).microjoules) for row in rows] == [0.0, 0.0]
    assert model.kwh(total(add_by_period(rows, DAYS)).microjoules) == 0.000001
