"""The learned rule as a whole: what it finds, what it leaves alone, and that batching and restarts change nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.detection.detector import MAX_GAP_MS, standby_threshold_watts, step_detector
from chalicelib.detection.detector_state import PACKED_BYTES, State
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.model import Finding, Verdict
from chalicelib.ports.model import Rule

SECOND, MINUTE = 1_000, 60_000
START = 1_700_000_040_000
FIXED = Rule(threshold_watts=10, dwell_seconds=60)
BLIND = Rule(policy="cut")
Spans = list[tuple[float, float]]
"""Watts for so many minutes, one after the other."""

TELEVISION: Spans = [(2.0, 300), (90.0, 60), (2.0, 200)]
FRIDGE: Spans = [(1.0, 50), (110.0, 25)] * 40
ROUTER: Spans = [(5.7, 3_000)]
SOAK_AND_HEAT: Spans = [(110.0, 12), (3.0, 42), (2_600.0, 13), (110.0, 15), (2_600.0, 14)]


class Outlet:
    """One port, fed reading by reading, with the first finding of each spell."""

    def __init__(self, rule: Rule = BLIND, every_ms: int = 10 * SECOND) -> None:
        self.rule, self.every_ms = rule, every_ms
        self.state, self.at_ms = State(), START
        self.findings: list[Finding] = []
        self.ended_at_ms: list[int] = []

    def draw(self, spans: Spans) -> Outlet:
        for watts, minutes in spans:
            for _ in range(round(minutes * MINUTE / self.every_ms)):
                self.read(watts)
        return self

    def read(self, watts: float) -> Verdict:
        self.state, verdict = step_detector(self.state, self.rule, [self.at_ms], [watts])
        self.at_ms += self.every_ms
        told = [finding.since_ms for finding in self.findings]
        if verdict.finding and verdict.finding.since_ms not in told:
            self.findings.append(verdict.finding)
        self.ended_at_ms += [verdict.ended_at_ms] if verdict.ended_at_ms is not None else []
        return verdict


def test_a_television_is_found_in_standby_after_its_first_use() -> None:
    outlet = Outlet().draw(TELEVISION)
    (finding,) = outlet.findings
    assert finding.advice == "cut"
    assert finding.since_ms == START + 360 * MINUTE
    assert finding.watts == pytest.approx(2.0)
    assert finding.reason == "2.0 W for 45 min, below 3.02 W; 81 W or more in use"


def test_use_ends_the_spell_that_was_found_once() -> None:
    outlet = Outlet().draw([*TELEVISION, (90.0, 30)])
    assert outlet.ended_at_ms == [START + 560 * MINUTE]
    assert len(outlet.findings) == 1


def test_the_pauses_of_a_fridge_are_no_standby() -> None:
    outlet = Outlet().draw(FRIDGE)
    assert standby_threshold_watts(outlet.state, BLIND) is not None
    assert outlet.findings == []


def test_what_is_always_on_is_never_found() -> None:
    outlet = Outlet().draw(ROUTER)
    assert outlet.findings == []
    assert explain_decision(outlet.state, BLIND).waits_for.startswith("Always on")


def test_a_programme_that_soaks_is_not_cut_before_it_heats() -> None:
    night = (0.0, 600.0)
    outlet = Outlet().draw([night, *SOAK_AND_HEAT, (3.0, 600), *SOAK_AND_HEAT, (3.0, 300)])
    assert [finding.since_ms for finding in outlet.findings] == [
        START + (600 + 96) * MINUTE,
        START + (600 + 96 + 600 + 96) * MINUTE,
    ]
    assert all(finding.at_ms - finding.since_ms >= 60 * MINUTE for finding in outlet.findings)


def test_what_keeps_warm_in_pulses_is_not_cut_where_its_pulses_were_missed() -> None:
    morning: Spans = [(700.0, 10), *[(3.0, 7.0), (300.0, 1)] * 12]
    missed: Spans = [(3.0, 45), (300.0, 1), (3.0, 7), (700.0, 10)]
    outlet = Outlet().draw([(3.0, 600), *morning, *missed, (3.0, 300)])
    (finding,) = outlet.findings
    assert finding.at_ms - finding.since_ms == 60 * MINUTE


def test_standby_after_off_is_waited_for_anew() -> None:
    outlet = Outlet().draw([*TELEVISION[:2], (0.0, 120), (2.0, 20)])
    assert outlet.findings == []
    assert len(outlet.draw([(2.0, 60)]).findings) == 1


@pytest.mark.parametrize("rule", [Rule(never_cut=True), Rule(kind="fridge or freezer"), Rule(kind="router or network")])
def test_what_must_keep_its_power_is_only_told(rule: Rule) -> None:
    for asked in (rule, Rule(rule.kind, "cut", rule.never_cut, threshold_watts=10, dwell_seconds=0)):
        assert {finding.advice for finding in Outlet(asked).draw(TELEVISION).findings} == {"notify"}


def test_a_kind_shortens_the_cold_start() -> None:
    blind, told = Outlet().draw([(2.0, 120)]), Outlet(Rule(kind="television")).draw([(2.0, 120)])
    assert blind.findings == []
    assert told.findings[0].at_ms - told.findings[0].since_ms <= 60 * MINUTE


def test_a_wrong_cut_doubles_the_dwell_and_five_right_ones_make_up_for_it() -> None:
    right, wrong, mended = (
        Outlet(Rule(uses_confirmed=uses, false_cuts=false)).draw(TELEVISION).findings[0]
        for uses, false in ((0, 0), (0, 1), (5, 1))
    )
    assert (right.advice, wrong.advice, mended.advice) == ("cut", "notify", "cut")
    assert mended.at_ms - mended.since_ms == 2 * (right.at_ms - right.since_ms)


@pytest.mark.parametrize("minutes_in_use", [60, 63, 67])
def test_the_first_standby_after_use_is_seen_within_minutes(minutes_in_use: int) -> None:
    outlet = Outlet().draw([(0.0, 600), (90.0, minutes_in_use), (5.0, 7)])
    assert 5.0 < (standby_threshold_watts(outlet.state, BLIND) or 0.0) < 90.0


def test_a_learned_gap_stays_when_levels_blur() -> None:
    outlet = Outlet(every_ms=30 * SECOND).draw(TELEVISION)
    outlet.draw([(watts, 25) for watts in (60.0, 30.0, 15.0, 12.0, 9.0, 8.0, 6.0, 5.0, 4.2, 3.5, 3.1)])
    assert 2.0 < (standby_threshold_watts(outlet.state, BLIND) or 0.0) < 3.1


def test_a_learned_gap_is_replaced_by_one_that_holds_more_time() -> None:
    outlet = Outlet(every_ms=30 * SECOND).draw([(1.0, 40), (6.0, 200)])
    asleep = standby_threshold_watts(outlet.state, BLIND)
    assert asleep is not None
    assert asleep < 6.0
    outlet.draw([(80.0, 60), (6.0, 1_800)])
    assert 6.0 < (standby_threshold_watts(outlet.state, BLIND) or 0.0) < 80.0


def test_a_gap_of_which_nothing_is_left_is_forgotten() -> None:
    outlet = Outlet(every_ms=60 * SECOND).draw(TELEVISION)
    outlet.state.watt_minutes[47] = 1  # all but the last minute of its use was forgotten over the weeks
    assert standby_threshold_watts(outlet.draw([(2.0, 20)]).state, BLIND) is not None
    outlet.state.watt_minutes[47] = 0
    assert standby_threshold_watts(outlet.draw([(2.0, 20)]).state, BLIND) is None


@pytest.mark.parametrize("every_s", [2, 10, 30, 60])
def test_the_minute_in_which_power_comes_or_goes_is_no_level(every_s: int) -> None:
    outlet = Outlet(every_ms=every_s * SECOND).draw([(5.0, 120)])
    for seconds in range(10, 60, 10):  # switched at the plug, at another second each time
        outlet.draw([(5.0, 20 + seconds / 60), (0.0, 30 + seconds / 45)])
    levels = {bar.from_watts for bar in explain_decision(outlet.draw([(5.0, 30)]).state, BLIND).histogram}
    assert len(levels - {0.0}) == 1


def test_a_minute_of_use_counts_at_what_was_drawn_in_use() -> None:
    outlet = Outlet(Rule(threshold_watts=10, dwell_seconds=1_800), every_ms=60 * SECOND)
    outlet.draw([(5.0, 62), (80.0, 33)] * 4)
    levels = [(bar.from_watts, bar.to_watts) for bar in explain_decision(outlet.state, outlet.rule).histogram]
    assert len(levels) == 2
    assert levels[1][0] <= 80.0 < levels[1][1]


def test_what_is_read_while_the_relay_is_off_teaches_nothing() -> None:
    outlet = Outlet().draw([*TELEVISION, (2.0, 0.5)])
    outlet.rule = Rule(policy="cut", relay_off=True)
    before = outlet.state.watt_minutes.copy()
    outlet.draw([(2.0, 0.3), (0.0, 300), (0.6, 120), (1.3, 30), (0.0, 30.4)])
    assert outlet.state.watt_minutes == before
    outlet.rule = Rule(policy="cut")
    outlet.draw([(0.0, 0.3), (90.0, 3)])
    assert sum(outlet.state.watt_minutes) - sum(before) <= 2
    assert outlet.state.watt_minutes[:47] == before[:47]


def test_a_restore_teaches_how_long_the_run_would_have_lasted() -> None:
    outlet = Outlet().draw([*TELEVISION, (0.0, 400)])
    before = sum(outlet.state.idle_runs)
    outlet.rule = Rule(policy="cut", undone_at_ms=outlet.at_ms, uses_confirmed=1)
    outlet.read(2.0)
    assert sum(outlet.state.idle_runs) == before + 1
    outlet.read(2.0)
    assert sum(outlet.state.idle_runs) == before + 1


@pytest.mark.parametrize("rule", [FIXED, BLIND])
def test_after_a_person_switched_on_it_is_left_alone_until_it_was_in_use(rule: Rule) -> None:
    outlet = Outlet(rule).draw(TELEVISION)
    found = len(outlet.findings)
    outlet.rule = Rule(
        threshold_watts=rule.threshold_watts, dwell_seconds=rule.dwell_seconds, undone_at_ms=outlet.at_ms - 1
    )
    assert len(outlet.draw([(0.0, 20), (2.0, 400)]).findings) == found
    assert len(outlet.draw([(90.0, 30), (2.0, 400)]).findings) == found + 1


@pytest.mark.parametrize("rule", [FIXED, BLIND])
def test_a_day_after_a_person_switched_on_it_is_no_longer_left_alone(rule: Rule) -> None:
    outlet = Outlet(rule, every_ms=30 * SECOND).draw(TELEVISION)
    found, told = len(outlet.findings), replace(rule, undone_at_ms=outlet.at_ms - 1)
    outlet.rule = told
    assert len(outlet.draw([(0.0, 20), (2.0, 23 * 60)]).findings) == found
    assert explain_decision(outlet.state, told).waits_for.startswith("A person switched the outlet on")
    assert len(outlet.draw([(2.0, 60)]).findings) == found + 1


def test_a_gap_is_never_dwell() -> None:
    outlet = Outlet().draw([*TELEVISION[:2], (2.0, 20)])
    outlet.at_ms += 10 * 60 * MINUTE
    outlet.draw([(2.0, 20)])
    assert outlet.findings == []


def test_a_finding_must_hold_at_the_newest_reading() -> None:
    outlet = Outlet().draw(TELEVISION[:2])
    times = [outlet.at_ms + number * 10 * SECOND for number in range(1_200)]
    assert step_detector(outlet.state, BLIND, times, [2.0] * 1_200)[1].finding is not None
    assert step_detector(outlet.state, BLIND, times, [2.0] * 1_199 + [90.0])[1].finding is None


def test_step_leaves_the_state_it_is_given() -> None:
    before = Outlet().draw(TELEVISION).state
    packed = before.pack()
    step_detector(before, BLIND, [before.watermark_ms + MINUTE], [90.0])
    assert before.pack() == packed


def test_a_packed_state_is_small_and_names_its_format() -> None:
    packed = Outlet().draw(FRIDGE).state.pack()
    assert len(packed) == PACKED_BYTES <= 480
    assert State.unpack(packed).pack() == packed
    assert State.unpack(b"") == State.unpack(bytes([1]) + packed[1:]) == State()


def test_as_many_times_as_watts() -> None:
    with pytest.raises(ValueError, match="as many"):
        step_detector(State(), BLIND, [1, 2], [1.0])


def minutes_of(spans: list[tuple[float, int]], every_s: int) -> tuple[list[int], list[float]]:
    watts = [level for level, minutes in spans for _ in range(minutes * 60 // every_s)]
    return [START + number * every_s * SECOND for number in range(len(watts))], watts


few = settings(deadline=None, max_examples=60)
"""A day of readings takes as long as the machine is busy."""
levels = st.sampled_from([0.0, 0.9, 2.1, 4.2, 9.9, 11.0, 12.1, 60.0, 1_500.0])
appliances = st.tuples(
    st.lists(st.tuples(levels, st.integers(1, 200)), min_size=1, max_size=8), st.sampled_from([13, 20, 30, 50, 60])
).map(lambda drawn: minutes_of(*drawn))
rules = st.sampled_from([FIXED, BLIND, Rule(kind="television"), Rule(threshold_watts=10, dwell_seconds=0)])


def decisions(times: list[int], watts: list[float], rule: Rule, restart_at: set[int]) -> list[Verdict]:
    state, verdicts = State(), []
    for number, (at_ms, value) in enumerate(zip(times, watts, strict=True)):
        if number in restart_at:
            state = State.unpack(state.pack())
        state, verdict = step_detector(state, rule, [at_ms], [value])
        verdicts.append(verdict)
    return verdicts


@few
@given(appliances, rules, st.sets(st.integers(0, 2_000), max_size=20))
def test_restarts_change_no_decision(readings: tuple[list[int], list[float]], rule: Rule, restart_at: set[int]) -> None:
    assert decisions(*readings, rule, restart_at) == decisions(*readings, rule, set())


@few
@given(appliances, rules, st.sets(st.integers(1, 2_000), max_size=20))
def test_how_readings_are_batched_teaches_the_same(
    readings: tuple[list[int], list[float]], rule: Rule, cuts: set[int]
) -> None:
    times, watts = readings
    whole, _ = step_detector(State(), rule, times, watts)
    state, edges = State(), sorted({0, len(times), *(cut for cut in cuts if cut < len(times))})
    for start, end in pairwise(edges):
        state, _ = step_detector(state, rule, times[start:end], watts[start:end])
    state.found_since_ms = whole.found_since_ms  # what was told depends on when it was asked
    assert state.pack() == whole.pack()


@pytest.mark.parametrize("rule", [FIXED, BLIND])
def test_use_within_a_minute_is_remembered_at_its_own_time(rule: Rule) -> None:
    times, watts = [START + number * 10 * SECOND for number in range(6)], [2.0, 90.0, 2.0, 90.0, 2.0, 2.0]
    whole, _ = step_detector(State(), rule, times, watts)
    assert whole.in_use_at_ms == times[3]


@few
@given(appliances, rules, st.data())
def test_duplicates_and_latecomers_change_no_decision(
    readings: tuple[list[int], list[float]], rule: Rule, data: st.DataObject
) -> None:
    times, watts = readings
    half = len(times) // 2
    first, _ = step_detector(State(), rule, times[:half], watts[:half])
    clean = step_detector(first, rule, times[half:], watts[half:])
    late = data.draw(st.lists(st.integers(0, half), max_size=5)) if half else []
    doubled = data.draw(st.lists(st.integers(half, len(times) - 1), max_size=5))
    extra = [(times[number] - number % 2, 777.0) for number in late if number < half]
    extra += [(times[number], watts[number]) for number in doubled]
    batch = sorted([*zip(times[half:], watts[half:], strict=True), *extra], key=lambda reading: reading[0])
    assert step_detector(first, rule, [at_ms for at_ms, _ in batch], [value for _, value in batch]) == clean


@few
@given(appliances, rules)
def test_a_finding_is_a_gapless_stretch_below_the_threshold_in_the_mean(
    readings: tuple[list[int], list[float]], rule: Rule
) -> None:
    times, watts = readings
    finding = step_detector(State(), rule, times, watts)[1].finding
    if finding is None:
        return
    stretch = [at_ms for at_ms in times if at_ms >= finding.since_ms]
    assert 0 < finding.watts < finding.threshold_watts * 1.2
    assert watts[-1] < finding.threshold_watts
    assert all(later - earlier <= MAX_GAP_MS for earlier, later in pairwise(stretch))
