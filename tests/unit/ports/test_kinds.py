"""What follows from the kind that a person names."""

from __future__ import annotations

import pytest

from chalicelib.detection.detector import standby_threshold_watts, step_detector
from chalicelib.detection.detector_state import State
from chalicelib.ports.kinds import ALIASES, KINDS, MAX_STANDBY_WATTS, kind_of
from chalicelib.ports.model import Rule
from tests.unit.detection.test_learned_rule import MINUTE, Outlet, Spans

ECO: Spans = [(2_000.0, 20), (90.0, 40), (2_000.0, 15)]


@pytest.mark.parametrize(
    "name",
    ["fridge or freezer", "router or network", "storage", "heating control", "pump", "alarm clock", "medical device"],
)
def test_what_must_keep_its_power_is_never_cut(name: str) -> None:
    outlet = Outlet(Rule(name, "cut")).draw([(1.2, 600), (600.0, 30), (1.2, 600)])
    assert {finding.advice for finding in outlet.findings} <= {"notify"}
    assert Rule(name, "cut", threshold_watts=10, dwell_seconds=0).is_protected


@pytest.mark.parametrize("name", ["nas", "sump pump", "condensate pump", "clock radio", "cpap"])
def test_nor_by_another_name(name: str) -> None:
    assert Rule(name, "cut").is_protected


def test_every_other_name_is_of_a_kind() -> None:
    assert set(ALIASES.values()) <= set(KINDS)
    assert not set(ALIASES) & set(KINDS)


def test_a_kind_lifts_the_most_that_standby_may_be_and_never_lowers_it() -> None:
    assert all(kind.max_standby_watts >= MAX_STANDBY_WATTS for kind in KINDS.values())


@pytest.mark.parametrize("name", sorted(name for name, kind in KINDS.items() if not kind.never_cut))
def test_a_printer_or_whatever_waits_at_twelve_watts_is_found_by_any_name(name: str) -> None:
    outlet = Outlet(Rule(name, "cut"), every_ms=30_000).draw([(12.0, 600), (300.0, 60), (12.0, 900)])
    assert [finding.advice for finding in outlet.findings][-1:] == ["cut"]
    assert standby_threshold_watts(outlet.state, outlet.rule) == pytest.approx(18, abs=3)


def test_a_printer_that_was_never_seen_in_use_is_found_at_twelve_watts() -> None:
    assert len(Outlet(Rule("printer", "cut")).draw([(12.0, 120)]).findings) == 1


@pytest.mark.parametrize("name", ["audio", "television", "amplifier", "charger", "recorder"])
def test_a_kind_never_sets_a_threshold_over_a_level_seen_in_use(name: str) -> None:
    outlet = Outlet(Rule(name, "cut"), every_ms=30_000).draw([(0.6, 120), (3.5, 240)] * 3)
    assert (standby_threshold_watts(outlet.state, outlet.rule) or 0.0) < 3.5
    assert all(finding.watts < 1 for finding in outlet.findings)


@pytest.mark.parametrize(
    ("name", "use_watts"), [("audio", 5.0), ("television", 8.0), ("charger", 3.5), ("printer", 12.0)]
)
def test_a_kinds_figure_does_not_lie_over_the_use_of_what_is_off_at_other_times(name: str, use_watts: float) -> None:
    outlet = Outlet(Rule(name, "cut"), every_ms=30_000).draw([(0.0, 60), (use_watts, 300)] * 3)
    assert outlet.findings == []
    assert (standby_threshold_watts(outlet.state, outlet.rule) or 0.0) < use_watts


def test_a_kinds_figure_holds_for_what_drew_more_before_it_was_off() -> None:
    outlet = Outlet(Rule("printer", "cut"), every_ms=30_000).draw([(300.0, 3), (0.0, 60), (12.0, 120)])
    assert len(outlet.findings) == 1


def test_a_little_standby_that_a_coarse_meter_reads_as_off_at_times_is_found_by_its_kind() -> None:
    assert len(Outlet(Rule("amplifier", "cut"), every_ms=30_000).draw([(0.0, 20), (0.8, 120)]).findings) == 1


@pytest.mark.parametrize("name", ["dishwasher", "washing machine", "washer-dryer"])
@pytest.mark.parametrize("pause", [65, 90, 110, 120])
def test_a_programme_that_dries_for_hours_is_not_cut(name: str, pause: int) -> None:
    outlet = Outlet(Rule(name, "cut"), every_ms=30_000)
    ends: list[int] = []
    for _ in range(8):
        outlet.draw([*ECO, (1.5, pause), (30.0, 2)])
        ends.append(outlet.at_ms)
        outlet.draw([(1.5, 600)])
    assert len(outlet.findings) == 8
    assert all(finding.since_ms >= end - 5 * MINUTE for finding, end in zip(outlet.findings, ends, strict=True))


@pytest.mark.parametrize("name", ["washing machine", "washer-dryer"])
def test_after_a_wash_without_much_heat_an_hour_is_enough(name: str) -> None:
    cold = [(2_000.0, 5), (300.0, 60), (1.5, 200), (0.0, 600)]
    (finding,) = Outlet(Rule(name, "cut"), every_ms=30_000).draw([(0.0, 60), *cold]).findings
    assert 60 * MINUTE <= finding.at_ms - finding.since_ms < 65 * MINUTE


@pytest.mark.parametrize("name", ["dishwasher", "washing machine", "washer-dryer"])
def test_a_programme_of_which_only_the_pause_is_seen_is_not_cut(name: str) -> None:
    outlet = Outlet(Rule(name, "cut"), every_ms=30_000).draw([*ECO, (1.5, 20)])
    outlet.at_ms += 5 * MINUTE
    assert outlet.draw([(1.5, 95), (30.0, 2)]).findings == []


@pytest.mark.parametrize(("name", "hours"), [("oled television", 2), ("inkjet printer", 4)])
def test_what_looks_after_itself_in_standby_is_waited_for(name: str, hours: int) -> None:
    outlet = Outlet(Rule(name, "cut")).draw([(2.0, 300), (90.0, 60), (2.0, 60 * hours - 5)])
    assert outlet.findings[1:] == []
    assert len(outlet.draw([(2.0, 10)]).findings) > 0


def test_a_name_that_nobody_listed_is_unknown() -> None:
    assert kind_of("teapot") is kind_of("unknown")
    assert step_detector(State(), Rule("teapot"), [1], [3.0])[1].finding is None
