"""What draws power all the time."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from chalicelib.core.times import DAY_MS, HOUR_MS, QUARTER_MS, iso
from chalicelib.energy import model
from chalicelib.energy.always_on import advice, baseline_watts, night_quarters, outlet_standby, rank_by_cost
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import periods
from chalicelib.energy.tariffs import Prices
from chalicelib.ports.model import Port

START_MS = 1_774_656_000_000  # 2026-03-28T00:00Z
PRICES = Prices(300_000, ZoneInfo("UTC"))
PORT = Port("uid-1", "uid", "GW-1", "owner", "Television", 1, kind="television")


def day(
    standby_watts: float, *, in_use_from: int = 96, days: int = 1, lowest_watts: float | None = None
) -> list[Usage]:
    """Days of quarter hours in standby, and from a quarter on at ninety watts."""
    lowest = round(1_000 * (standby_watts if lowest_watts is None else lowest_watts))
    return [
        Usage(
            START_MS + number * QUARTER_MS,
            QUARTER_MS,
            in_use_microjoules=0 if number % 96 < in_use_from else 90_000 * QUARTER_MS,
            standby_microjoules=round(1_000 * standby_watts) * QUARTER_MS if number % 96 < in_use_from else 0,
            covered_ms=QUARTER_MS,
            min_milliwatts=lowest,
            max_milliwatts=lowest,
        )
        for number in range(96 * days)
    ]


def test_two_watts_of_standby_for_three_quarters_of_the_day_cost_a_year_of_it() -> None:
    found = outlet_standby(PORT, day(2.0, in_use_from=72), PRICES)
    assert (found.standby_milliwatts, found.standby_hours_a_day) == (2_000, 18)
    assert model.kwh(found.yearly_microjoules) == pytest.approx(2 * 18 * 365 / 1_000)
    assert model.money(found.yearly_cost) == pytest.approx(2 * 18 * 365 / 1_000 * 0.30, abs=1e-4)


def test_what_was_measured_for_half_the_time_counts_for_all_of_it() -> None:
    assert outlet_standby(PORT, day(2.0)[:48], PRICES).yearly_microjoules == 2_000 * 365 * DAY_MS


def test_a_gap_that_only_the_meters_counter_knows_counts_as_its_time_does() -> None:
    measured, gap = day(2.0)[:48], [replace(usage, covered_ms=0, counted_ms=QUARTER_MS) for usage in day(2.0)[48:]]
    found = outlet_standby(PORT, [*measured, *gap], PRICES)
    assert found.yearly_microjoules == outlet_standby(PORT, day(2.0), PRICES).yearly_microjoules
    assert (found.standby_milliwatts, found.standby_hours_a_day) == (2_000, 24)


@pytest.mark.parametrize(
    ("usages", "always_on"),
    [(day(2.0), True), (day(2.0, lowest_watts=0.1), False), (day(2.0)[:95], False), ([], False)],
)
def test_an_outlet_is_always_on_when_it_was_never_off_for_a_day(usages: list[Usage], *, always_on: bool) -> None:
    assert outlet_standby(PORT, usages, PRICES).is_always_on == always_on


def test_what_must_keep_its_power_is_never_to_be_cut() -> None:
    fridge = replace(PORT, kind="fridge or freezer")
    for port in (fridge, replace(fridge, kind="nas"), replace(PORT, never_cut=True)):
        said = advice(outlet_standby(port, day(3.0), PRICES))
        assert "keep its power" in said
        assert "cut" not in said


def test_advice_follows_the_kind_and_what_was_seen() -> None:
    seen = [
        advice(outlet_standby(replace(PORT, kind="console"), day(3.0), PRICES)),
        advice(outlet_standby(replace(PORT, policy="cut"), day(3.0), PRICES)),
        advice(outlet_standby(PORT, day(3.0), PRICES)),
        advice(outlet_standby(PORT, day(0.0, in_use_from=0, lowest_watts=90), PRICES)),
        advice(outlet_standby(PORT, [], PRICES)),
    ]
    assert "instant-on" in seen[0]
    assert seen[1].startswith("Nothing to do: it is cut")
    assert seen[2].startswith("Set its policy to cut")
    assert "never drops" in seen[3]
    assert seen[4] == "Nothing to do: no standby was seen."
    assert all(said.count(".") == 1 for said in seen)


def test_the_dearest_standby_comes_first() -> None:
    outlets = [
        outlet_standby(replace(PORT, port_id=name), day(watts), PRICES)
        for name, watts in (("b", 1), ("a", 1), ("c", 5))
    ]
    assert [each.port.port_id for each in rank_by_cost(outlets)] == ["c", "a", "b"]


def test_the_baseline_is_the_median_of_the_lowest_quarters_of_whole_nights() -> None:
    nights = night_quarters(periods("day", START_MS, START_MS + 2 * DAY_MS, PRICES.zone), PRICES)
    fridge, router = day(0.0, in_use_from=0, days=3), day(4.0, days=3)
    fridge[8] = replace(fridge[8], in_use_microjoules=1_000 * QUARTER_MS)
    fridge[96 + 8] = replace(fridge[96 + 8], in_use_microjoules=3_000 * QUARTER_MS)
    fridge[192 + 8] = replace(fridge[192 + 8], in_use_microjoules=20_000 * QUARTER_MS)
    fridge[96 * 2 - 1] = replace(fridge[96 * 2 - 1], in_use_microjoules=0)  # not at night
    assert baseline_watts(nights, {"f": fridge, "r": router}) == (7.0, 3)
    router[3] = replace(router[3], covered_ms=QUARTER_MS // 2)
    assert baseline_watts(nights, {"f": fridge, "r": router}) == (15.5, 2)
    assert baseline_watts(nights, {"f": fridge, "r": router[:19]}) == (None, 0)
    assert baseline_watts(nights, {}) == (None, 0)


@pytest.mark.parametrize(("first_ms", "quarters"), [(START_MS + 12 * HOUR_MS, 20), (START_MS + 36 * HOUR_MS, 16)])
def test_a_night_ends_at_five_on_the_clock(first_ms: int, quarters: int) -> None:
    berlin = Prices(300_000, ZoneInfo("Europe/Berlin"))
    (night,) = night_quarters(periods("day", first_ms, first_ms, berlin.zone), berlin)
    assert len(night) == quarters
    assert iso(night[-1]).endswith("T03:45:00.000Z" if quarters == 20 else "T02:45:00.000Z")
