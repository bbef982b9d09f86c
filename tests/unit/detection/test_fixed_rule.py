"""A threshold and a dwell that a person gave: exactly those decide."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.detection.detector import MAX_GAP_MS, step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import Verdict
from chalicelib.ports.model import Rule

SECOND = 1_000
RULE = Rule(threshold_watts=10, dwell_seconds=60)


def run(watts: list[float], rule: Rule = RULE, every_ms: int = 10 * SECOND) -> Verdict:
    times = [number * every_ms for number in range(1, len(watts) + 1)]
    return step_detector(State(), rule, times, watts)[1]


def test_standby_is_found_once_it_has_lasted_for_the_dwell() -> None:
    assert run([3.0] * 6).finding is None
    finding = run([3.0] * 7).finding
    assert finding is not None
    assert (finding.since_ms, finding.at_ms, finding.watts) == (10 * SECOND, 70 * SECOND, 3.0)
    assert finding.reason == "3.0 W for 60 s, below 10 W"


def test_a_dwell_of_zero_finds_on_the_first_reading() -> None:
    assert run([3.0], Rule(threshold_watts=10, dwell_seconds=0)).finding is not None


@pytest.mark.parametrize("watts", [0.0, 10.0, 250.0])
def test_nothing_drawn_and_in_use_are_no_standby(watts: float) -> None:
    assert run([watts] * 20).finding is None


def test_a_load_that_wanders_around_the_threshold_stays_one_stretch() -> None:
    assert run([3.0, 10.5, 3.0, 11.0, 3.0, 10.9, 3.0, 3.0]).finding is not None


def test_use_ends_a_stretch_that_was_found_and_is_said() -> None:
    state, found = step_detector(State(), RULE, [0, 60 * SECOND], [3.0, 3.0])
    assert found.finding is not None
    _, verdict = step_detector(state, RULE, [70 * SECOND, 80 * SECOND], [80.0, 3.0])
    assert (verdict.finding, verdict.ended_at_ms) == (None, 70 * SECOND)


def test_a_dwell_without_a_threshold_goes_with_the_guides_ten_watts() -> None:
    finding = run([9.9] * 7, Rule(dwell_seconds=60)).finding
    assert finding is not None
    assert finding.threshold_watts == 10


def test_a_finding_must_hold_at_the_newest_reading() -> None:
    assert run([3.0] * 7 + [80.0]).finding is None


def test_a_gap_of_more_than_two_minutes_is_never_dwell() -> None:
    times = [SECOND, SECOND + MAX_GAP_MS + 1]
    assert step_detector(State(), RULE, times, [3.0, 3.0])[1].finding is None
    times = [SECOND, SECOND + MAX_GAP_MS]
    assert step_detector(State(), RULE, times, [3.0, 3.0])[1].finding is not None


def test_late_and_doubled_readings_change_nothing() -> None:
    state, _ = step_detector(State(), RULE, [10 * SECOND, 20 * SECOND], [3.0, 3.0])
    again, verdict = step_detector(state, RULE, [5 * SECOND, 10 * SECOND, 20 * SECOND], [500.0, 500.0, 500.0])
    assert again == state
    assert verdict.ended_at_ms is None


def test_after_a_person_switched_on_it_is_left_alone_until_it_was_in_use() -> None:
    undone = Rule(threshold_watts=10, dwell_seconds=60, undone_at_ms=5 * SECOND)
    assert run([3.0] * 20, undone).finding is None
    assert run([3.0] * 3 + [80.0] + [3.0] * 10, undone).finding is not None


def test_the_mean_watts_weigh_each_reading_by_its_time() -> None:
    finding = step_detector(State(), RULE, [0, 60_000, 80_000], [2.0, 5.0, 1.0])[1].finding
    assert finding is not None
    assert finding.watts == pytest.approx((2.0 * 60 + 5.0 * 20) / 80)


@pytest.mark.parametrize("rule", [Rule(threshold_watts=10, dwell_seconds=1_800), Rule(dwell_seconds=1_800)])
@pytest.mark.parametrize("batch", [1, 7, 30])
@pytest.mark.parametrize(
    ("every_s", "watts_at"),
    [
        (10, lambda number: 0.0 if number % 120 == 60 else 3.0),
        (10, lambda number: 2.1 * (number % 2)),
        (30, lambda number: 2.1 * (number % 2)),
        (60, lambda number: 0.0 if number == 10 else 3.0),
        (10, lambda number: 2.1 * (number % 12 == 0)),
    ],
    ids=["one zero in 20 min", "by turns", "by turns in 30 s", "one zero in 60 s", "one reading in twelve"],
)
def test_readings_of_zero_do_not_undo_what_the_others_say(
    rule: Rule, batch: int, every_s: int, watts_at: Callable[[int], float]
) -> None:
    state, found = State(), []
    for start in range(0, 7_200 // every_s, batch):
        numbers = range(start, start + batch)
        times = [(number + 1) * every_s * SECOND for number in numbers]
        state, verdict = step_detector(state, rule, times, [watts_at(number) for number in numbers])
        found += [verdict.finding] if verdict.finding else []
    assert found
    assert found[0].at_ms - found[0].since_ms < (2_400 + batch * every_s) * SECOND
    assert found[-1].since_ms == found[0].since_ms
    assert 0.1 < found[0].watts < 3.1


def test_zero_for_ten_minutes_is_off_and_what_follows_is_waited_for_anew() -> None:
    rule = Rule(threshold_watts=10, dwell_seconds=1_800)
    assert run([3.0] * 120 + [0.0] * 61 + [3.0] * 179, rule).finding is None
    assert run([3.0] * 120 + [0.0] * 50 + [3.0] * 11, rule).finding is not None


def test_an_outlet_that_just_went_off_is_not_found() -> None:
    rule = Rule(threshold_watts=10, dwell_seconds=1_800)
    assert run([3.0] * 182 + [0.0] * 30, rule).finding is None
    assert run([3.0] * 7 + [0.0]).finding is None
    assert run([3.0, 0.0], Rule(threshold_watts=10, dwell_seconds=0)).finding is None


readings = st.lists(
    st.tuples(st.integers(1, 400_000), st.sampled_from([0.0, 0.4, 3.0, 9.9, 10.0, 11.9, 12.1, 90.0])), max_size=60
)


@given(readings, st.integers(0, 60), st.integers(0, 300))
def test_where_the_readings_are_split_and_restarted_changes_no_decision(
    steps: list[tuple[int, float]], cut: int, dwell: int
) -> None:
    rule = Rule(threshold_watts=10, dwell_seconds=dwell)
    times, at_ms = [], 1_700_000_000_000
    for elapsed, _ in steps:
        at_ms += elapsed
        times.append(at_ms)
    watts = [value for _, value in steps]
    whole, verdict = step_detector(State(), rule, times, watts)
    first, _ = step_detector(State(), rule, times[:cut], watts[:cut])
    second, split_verdict = step_detector(State.unpack(first.pack()), rule, times[cut:], watts[cut:])
    assert (split_verdict.finding, split_verdict.status) == (verdict.finding, verdict.status)
    assert second.watermark_ms == whole.watermark_ms


@given(readings)
def test_a_finding_is_always_a_gapless_stretch_of_standby_of_at_least_the_dwell(steps: list[tuple[int, float]]) -> None:
    times = [sum(elapsed for elapsed, _ in steps[: number + 1]) for number in range(len(steps))]
    finding = step_detector(State(), RULE, times, [value for _, value in steps])[1].finding
    if finding is None:
        return
    stretch = [(at_ms, watts) for at_ms, (_, watts) in zip(times, steps, strict=True) if at_ms >= finding.since_ms]
    assert stretch[-1][0] - stretch[0][0] >= 60_000
    assert stretch[0][1] > 0
    assert all(watts < 12 for _, watts in stretch)
    drawing = [at_ms for at_ms, watts in stretch if watts > 0]
    assert all(later - earlier < 120_000 for earlier, later in pairwise(drawing))  # 0 W for 20 s after the first
    assert all(later - earlier <= MAX_GAP_MS for (earlier, _), (later, _) in pairwise(stretch))
