"""Readings that say how long they held: a span means the same however it is cut, batched or repeated."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.model import Verdict
from chalicelib.ports.model import Rule

SECOND, MINUTE = 1_000, 60_000
START = 1_700_000_040_000
GIVEN = Rule(policy="cut", threshold_watts=10, dwell_seconds=1_800)
BLIND = Rule(policy="cut")
Reading = tuple[int, float, int]
"""Epoch ms, watts, and for how many ms they held."""

few = settings(deadline=None, max_examples=60)
rules = st.sampled_from([
    GIVEN, BLIND, Rule(kind="television"), Rule(dwell_seconds=60), Rule(threshold_watts=10, dwell_seconds=0)
])  # fmt: skip
watts = st.sampled_from([0.0, 0.4, 2.1, 4.2, 9.9, 11.0, 12.1, 60.0, 1_500.0])


@st.composite
def readings_with_spans(draw: st.DrawFn) -> list[Reading]:
    """Readings of a few hours: some of them with spans, some of which overlap the reading before; and gaps."""
    at_ms, readings = START, []
    for _ in range(draw(st.integers(1, 25))):
        held_ms = draw(st.sampled_from([0, 0, 1, 7_919, 60 * SECOND, 300 * SECOND, 900 * SECOND]))
        silence_ms = draw(st.sampled_from([0, 1, 5_003, 30 * SECOND, 60 * SECOND, 120 * SECOND, 120_001, 400 * SECOND]))
        clipped_ms = draw(st.sampled_from([0, 0, held_ms // 2]))
        at_ms += max(1, held_ms - clipped_ms + (0 if clipped_ms else silence_ms))
        readings.append((at_ms, draw(watts), held_ms))
    return readings


def step(state: State, rule: Rule, readings: list[Reading]) -> tuple[State, Verdict]:
    times = [at_ms for at_ms, _, _ in readings]
    power, held = [power for _, power, _ in readings], [held_ms for _, _, held_ms in readings]
    return step_detector(state, rule, times, power, held)


def taken_in(batches: list[list[Reading]], rule: Rule) -> State:
    state = State()
    for batch in batches:
        state = State.unpack(step(state, rule, batch)[0].pack())
    return state


def batches_of(readings: list[Reading], edges: set[int]) -> list[list[Reading]]:
    bounds = sorted({0, len(readings), *(edge for edge in edges if edge < len(readings))})
    return [readings[start:end] for start, end in pairwise(bounds)]


def without_told(state: State) -> bytes:
    """What was told depends on when it was asked; the rest does not."""
    copy = state.copy()
    copy.found_since_ms = -1
    return copy.pack()


@few
@given(readings_with_spans(), rules, st.data())
def test_a_span_means_the_same_as_any_cutting_of_it(readings: list[Reading], rule: Rule, data: st.DataObject) -> None:
    pieces: list[Reading] = []
    newest_ms = 0
    for at_ms, power, held_ms in readings:
        start_ms = max(newest_ms, at_ms - held_ms)
        inside = st.sets(st.integers(start_ms + 1, at_ms - 1), max_size=4) if at_ms - start_ms > 1 else st.just(set())
        ends = sorted({*data.draw(inside), at_ms})
        pieces += [(end, power, end - start) for start, end in zip([at_ms - held_ms, *ends[:-1]], ends, strict=True)]
        newest_ms = at_ms
    edges = data.draw(st.sets(st.integers(1, len(pieces)), max_size=6))
    whole, cut = taken_in([readings], rule), taken_in(batches_of(pieces, edges), rule)
    assert without_told(cut) == without_told(whole)
    assert step(State(), rule, pieces)[1] == step(State(), rule, readings)[1]


@few
@given(readings_with_spans(), rules, st.sets(st.integers(1, 25), max_size=8))
def test_batches_and_restarts_change_nothing(readings: list[Reading], rule: Rule, edges: set[int]) -> None:
    whole, batched = taken_in([readings], rule), taken_in(batches_of(readings, edges), rule)
    assert without_told(batched) == without_told(whole)


@few
@given(readings_with_spans(), rules, st.data())
def test_duplicates_and_latecomers_change_nothing(readings: list[Reading], rule: Rule, data: st.DataObject) -> None:
    again = [readings[index] for index in data.draw(st.lists(st.integers(0, len(readings) - 1), max_size=5))]
    batch = sorted([*readings, *again], key=lambda reading: reading[0])
    clean, verdict = step(State(), rule, readings)
    assert step(State(), rule, batch) == (clean, verdict)
    assert step(clean, rule, sorted(again))[0].pack() == clean.pack()


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(watts, st.integers(1, 200)), min_size=1, max_size=4), rules)
def test_what_holds_is_found_as_if_it_was_read_every_five_seconds(spans: list[tuple[float, int]], rule: Rule) -> None:
    """A meter that tells spans and one that is read often lead to the same memory, but for when use was seen last."""
    at_ms, held, often = START, [], []
    for power, minutes in spans:
        held.append((at_ms, power, 0))
        end_ms = at_ms + minutes * MINUTE - 5 * SECOND
        held.append((end_ms, power, end_ms - at_ms))
        often += [(second_ms, power, 0) for second_ms in range(at_ms, end_ms + 1, 5 * SECOND)]
        at_ms += minutes * MINUTE
    by_spans, by_readings = taken_in([held], rule), taken_in([often], rule)
    for memory in (by_spans, by_readings):  # what tells how it was measured
        memory.samples = memory.held_ms = memory.pace_ms = memory.episode = memory.glimpses = memory.episodes = 0
    by_spans.in_use_at_ms = by_readings.in_use_at_ms
    assert without_told(by_spans) == without_told(by_readings)


EVERY = [2, 5, 10, 30, 60, 120]


def night_and_day(every_s: int, held_s: int) -> list[Reading]:
    """A television: 300 minutes of standby, an hour of use, 300 minutes of standby."""
    power = [*[2.0] * 300, *[90.0] * 60, *[2.0] * 300]
    seconds = range(every_s, len(power) * 60, every_s)
    return [(START + at * SECOND, power[(at - 1) // 60], held_s * SECOND) for at in seconds]


@pytest.mark.parametrize(
    ("every_s", "held_s"), [*((every, 0) for every in EVERY), *((e, e) for e in EVERY), (300, 300)]
)
@pytest.mark.parametrize("rule", [GIVEN, BLIND])
def test_the_same_appliance_is_judged_alike_at_any_pace(rule: Rule, every_s: int, held_s: int) -> None:
    state, found = State(), []
    for reading in night_and_day(every_s, held_s):
        state, verdict = step(state, rule, [reading])
        found += [verdict.finding] if verdict.finding else []
    after_use = [finding for finding in found if finding.since_ms > START + 350 * MINUTE]
    assert after_use
    dwell_ms = 30 * MINUTE if rule is GIVEN else 45 * MINUTE
    assert abs(after_use[0].since_ms - (START + 360 * MINUTE)) <= 5 * MINUTE
    assert 0 <= after_use[0].at_ms - after_use[0].since_ms - dwell_ms <= every_s * SECOND
    assert after_use[0].watts == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("rule", [GIVEN, BLIND, Rule(kind="television")])
def test_a_reading_in_five_minutes_that_says_nothing_of_having_held_is_a_gap(rule: Rule) -> None:
    state, verdict = step(State(), rule, night_and_day(300, 0))
    assert verdict.finding is None
    assert (state.covered_ms, state.standby_covered_ms) == (0, 0)


@pytest.mark.parametrize(("silence_s", "is_found"), [(120, True), (121, False)])
def test_before_a_span_the_rule_of_two_minutes_holds(silence_s: int, is_found: bool) -> None:
    first = [(START, 3.0, 0), (START + 900 * SECOND, 3.0, 900 * SECOND)]
    end_ms = START + (900 + silence_s + 890) * SECOND
    assert (step(State(), GIVEN, [*first, (end_ms, 3.0, 890 * SECOND)])[1].finding is not None) == is_found


def test_a_span_is_clipped_at_the_reading_before_it() -> None:
    readings = [(START, 80.0, 0), (START + 100 * SECOND, 3.0, 900 * SECOND)]
    clipped = [(START, 80.0, 0), (START + 100 * SECOND, 3.0, 100 * SECOND)]
    assert step(State(), GIVEN, readings) == step(State(), GIVEN, clipped)


def test_the_mean_of_a_found_stretch_weighs_spans_by_their_time() -> None:
    rule = Rule(threshold_watts=10, dwell_seconds=1_000)
    readings = [(START, 2.0, 0), (START + 900 * SECOND, 4.0, 800 * SECOND), (START + 1_000 * SECOND, 1.0, 0)]
    finding = step(State(), rule, readings)[1].finding
    assert finding is not None
    assert finding.watts == pytest.approx((2.0 * 100 + 4.0 * 800 + 4.0 * 100) / 1_000)


def test_a_dwell_of_zero_finds_on_one_reading_with_a_span_or_without() -> None:
    rule = Rule(threshold_watts=10, dwell_seconds=0)
    assert step(State(), rule, [(START, 3.0, 0)])[1].finding is not None
    assert step(State(), rule, [(START, 3.0, 300 * SECOND)])[1].finding is not None


def test_there_are_as_many_spans_as_readings_or_none() -> None:
    with pytest.raises(ValueError, match="as many"):
        step_detector(State(), GIVEN, [START, START + 1], [3.0, 3.0], [0])


def test_readings_too_far_apart_are_said_to_be_so_until_they_come_faster_or_say_that_they_held() -> None:
    apart = "Readings come 300 s apart. They must come within 120 s, or say how long they held."
    state, _ = step(State(), BLIND, night_and_day(300, 0))
    slow = explain_decision(state, BLIND)
    assert (slow.waits_for, slow.readings_apart_seconds) == (apart, 300)
    assert explain_decision(state, GIVEN).waits_for == apart
    assert explain_decision(state, Rule(threshold_watts=10, dwell_seconds=0)).waits_for != apart
    at_ms = state.watermark_ms
    held = [(at_ms + number * 300 * SECOND, 2.0, 300 * SECOND) for number in range(1, 3)]
    faster = [(at_ms + number * 60 * SECOND, 2.0, 0) for number in range(1, 10)]
    for readings in (held, faster):
        told = explain_decision(step(state, BLIND, readings)[0], BLIND)
        assert told.readings_apart_seconds is None
        assert told.waits_for != apart


def test_an_outage_is_no_pace() -> None:
    state, _ = step(State(), BLIND, night_and_day(10, 0))
    state, _ = step(state, BLIND, [(state.watermark_ms + 3_600 * SECOND, 2.0, 0)])
    assert explain_decision(state, BLIND).readings_apart_seconds is None
    assert state.pace_ms == pytest.approx(10 * SECOND, rel=0.1)


def pulses(every_s: int) -> list[Reading]:
    """What keeps warm with five seconds of 700 W each minute and a half for two hours a day; 3 W between."""
    seconds = range(0, 4 * 86_400, every_s)
    is_warm = [at % 86_400 < 7_200 for at in seconds]
    power = [700.0 if warm and (at * 7 % 95) < 5 else 3.0 for at, warm in zip(seconds, is_warm, strict=True)]
    return [(START + at * SECOND, watts, 0) for at, watts in zip(seconds, power, strict=True)]


@pytest.mark.parametrize(("every_s", "minutes"), [(30, 85), (60, 170), (120, 180)])
def test_use_that_is_seen_in_single_readings_is_waited_for_longer_the_slower_they_come(
    every_s: int, minutes: int
) -> None:
    state, _ = step(State(), BLIND, pulses(every_s))
    assert explain_decision(state, BLIND).dwell_seconds >= minutes * 60
