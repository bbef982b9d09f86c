"""Steady measurements become spans, which claim what was watched and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import pytest
from ghostwatt_pi.agent.dead_band import FLOOR_WATTS, MOST_STEP_WATTS, DeadBand
from ghostwatt_pi.agent.spans import JOIN_MS, Spans
from ghostwatt_pi.measurement import GAP_MS, Measurement
from hypothesis import given
from hypothesis import strategies as st

SPAN_MS = 60_000


def at(seconds: float, watts: float, **fields: Any) -> Measurement:
    return replace(Measurement(1, round(seconds * 1000), 230.0, 0.1, watts), **fields)


def polled(*watts: float, every: float = 5.0, start: float = 0.0) -> list[Measurement]:
    return [at(start + index * every, each) for index, each in enumerate(watts)]


def joined(measurements: Iterable[Measurement], spans: Spans | None = None) -> list[tuple[float, float, float]]:
    """(seconds, watts, held seconds) of the readings of these measurements, all sent at the end."""
    spans = spans or Spans(SPAN_MS / 1000)
    readings = [reading for measurement in measurements for reading in spans.add(measurement)] + spans.end()
    return [(reading.timestamp_ms / 1000, reading.power, reading.held_ms / 1000) for reading in readings]


def energy_ws(readings: Iterable[tuple[float, float, float]]) -> float:
    """Watt-seconds by the contract: spans are rectangles; before them a straight line, unless there is a gap."""
    total, before = 0.0, None
    for seconds, watts, held in readings:
        total += watts * held
        if before is not None:
            passed = seconds - held - before[0]
            total += (before[1] + watts) / 2 * passed if 0 < passed <= GAP_MS / 1000 else 0.0
        before = seconds, watts
    return total


def test_a_steady_outlet_sends_its_first_value_and_then_one_reading_a_minute() -> None:
    assert joined(polled(*[2.8] * 25)) == [(0, 2.8, 0), (60, 2.8, 60), (120, 2.8, 60)]


def test_watts_that_leave_the_band_send_the_span_that_ended_and_the_new_value() -> None:
    assert joined(polled(2.8, 2.8, 2.9, 90.0)) == [(0, 2.8, 0), (10, 2.825, 10), (15, 90.0, 0)]


def test_a_value_that_changes_at_every_measurement_is_sent_as_measured() -> None:
    assert joined(polled(5, 50, 5, 50)) == [(0, 5, 0), (5, 50, 0), (10, 5, 0), (15, 50, 0)]


def test_the_mean_of_a_span_is_weighted_by_time_for_volts_and_amps_too() -> None:
    spans = Spans(60)
    measured = [Measurement(1, 0, 230.0, 0.10, 100.0), Measurement(1, 1000, 232.0, 0.20, 100.4),
                Measurement(1, 3000, 236.0, 0.20, 100.4)]  # fmt: skip
    assert [reading for each in measured for reading in spans.add(each)] == measured[:1]
    (span,) = spans.end()
    assert (span.timestamp_ms, span.held_ms, span.power) == (3000, 3000, round((100.2 + 100.4 * 2) / 3, 4))
    assert (span.voltage, span.current) == (round((231 + 234 * 2) / 3, 2), round((0.15 + 0.2 * 2) / 3, 4))


def test_a_span_of_a_meter_without_volts_has_none() -> None:
    spans = Spans(60)
    for seconds in (0, 5, 10):
        spans.add(at(seconds, 2.8, voltage=None, current=None))
    (span,) = spans.end()
    assert (span.voltage, span.current, span.power, span.held_ms) == (None, None, 2.8, 10_000)


@pytest.mark.parametrize(
    ("measurements", "why"),
    [
        ([*polled(2.8, 2.8, 2.8), at(27, 2.8)], "two measurements are missing"),
        ([*polled(2.8, 2.8, 2.8), at(15, 2.8, after_gap=True)], "the meter had an error"),
        ([*polled(2.8, 2.8, 2.8), at(10 + GAP_MS / 1000 + 1, 2.8)], "a gap"),
        ([*polled(2.8, 2.8, 2.8), at(10, 2.8)], "a time that does not go on"),
        ([at(0, 2.8, relay="on"), at(5, 2.8, relay="on"), at(10, 2.8, relay="on"), at(15, 2.8, relay="off")], "relay"),
    ],
)
def test_a_span_ends_at_a_silence(measurements: list[Measurement], why: str) -> None:
    last = measurements[-1].timestamp_ms / 1000
    assert joined(measurements) == [(0, 2.8, 0), (10, 2.8, 10), (last, 2.8, 0)], why


def test_one_missed_measurement_ends_nothing() -> None:
    assert joined([*polled(2.8, 2.8, 2.8), at(20, 2.8)]) == [(0, 2.8, 0), (20, 2.8, 20)]


def test_a_span_ends_at_a_switch_of_the_relay_though_the_watts_stay() -> None:
    spans = Spans(60)
    readings = [reading for each in polled(0, 0, 0) for reading in spans.add(each)]
    readings += spans.add(at(15, 0), is_switching=True)
    readings += [*spans.add(at(20, 0)), *spans.end()]
    assert [(reading.timestamp_ms, reading.held_ms) for reading in readings] == [
        (0, 0), (10_000, 10_000), (15_000, 0), (20_000, 5_000)
    ]  # fmt: skip


@pytest.mark.parametrize("every", [31.0, 60.0, 120.0, 300.0])
def test_a_slow_poll_claims_nothing_about_the_time_between(every: float) -> None:
    readings = joined(polled(*[2.8] * 5, every=every))
    assert readings == [(index * every, 2.8, 0) for index in range(5)]


def test_a_meter_that_reports_changes_confirms_the_time_up_to_its_next_report() -> None:
    measurements = [at(0, 2.8), at(300, 2.8), at(400, 90.0), at(700, 90.0)]
    readings = joined(replace(each, reports_changes=True) for each in measurements)
    assert readings[:7] == [(0, 2.8, 0), *[(60.0 * minute, 2.8, 60) for minute in range(1, 6)], (360, 2.8, 60)]
    assert readings[7:9] == [(399.999, 2.8, 39.999), (400, 90.0, 0)]
    assert energy_ws(readings) == pytest.approx(2.8 * 400 + 90 * 300, abs=0.1)


def test_a_meter_that_reports_changes_and_lost_its_sensor_confirms_nothing() -> None:
    measurements = [at(0, 2.8), at(300, 2.8, after_gap=True), at(1300, 2.8)]
    readings = joined(replace(each, reports_changes=True) for each in measurements)
    assert readings == [(0, 2.8, 0), (300, 2.8, 0), (1300, 2.8, 0)]


def test_what_is_under_way_goes_out_when_the_meter_falls_silent() -> None:
    spans = Spans(60)
    for each in polled(2.8, 2.8, 2.8):
        spans.add(each)
    assert spans.due(20_000) == []
    assert [(reading.timestamp_ms, reading.held_ms) for reading in spans.due(23_000)] == [(10_000, 10_000)]
    assert spans.due(60_000) == []
    assert [reading.held_ms for reading in spans.add(at(25, 2.8))] == [0]


def test_outlets_are_joined_each_by_itself() -> None:
    spans = Spans(60)
    for seconds in (0, 5, 10):
        spans.add(at(seconds, 2.8))
        spans.add(at(seconds, 90.0, channel=2))
    assert [(reading.channel, reading.power, reading.held_ms) for reading in spans.end()] == [
        (1, 2.8, 10_000), (2, 90.0, 10_000)
    ]  # fmt: skip


def learned(*watts: float) -> DeadBand:
    band = DeadBand()
    for each in watts:
        band.learn(each)
    return band


def test_a_meter_that_steps_by_two_watts_flickers_within_its_band() -> None:
    band = learned(*[4.2, 6.3] * 10)
    assert band.holds(4.2, 6.3)
    assert not band.holds(4.2, 8.4)


def test_a_fine_meter_shows_a_charger_that_draws_a_watt_more() -> None:
    band = learned(*[0.5, 0.6, 0.5, 0.5, 0.6, 0.5] * 20, *[1.8, 1.8, 1.7, 1.8] * 20, 0.5)
    assert band.holds(0.5, 0.7)
    assert not band.holds(0.5, 1.8)


def test_an_appliance_that_is_switched_teaches_no_step() -> None:
    band = learned(*[0.5, 0.5, 0.5, 1.8, 1.8, 1.8] * 20)
    assert not band.holds(0.5, 1.8)


def test_pulses_of_an_appliance_teach_no_step() -> None:
    assert not learned(*[3.0, 60.0] * 20).holds(3.0, 60.0)


def test_before_anything_is_learned_the_band_is_its_floor_or_a_percent() -> None:
    assert learned().holds(2.0, 2.0 + FLOOR_WATTS)
    assert not learned().holds(2.0, 2.3)
    assert learned().holds(1990.0, 2009.0)
    assert not learned().holds(1900.0, 2009.0)


watts = st.one_of(
    st.sampled_from([0.0, 2.1, 4.2, 6.3, 90.0, 2000.0]), st.floats(0, 3000).map(lambda each: round(each, 2))
)
runs = st.lists(st.tuples(watts, st.integers(1, 30)), min_size=1, max_size=12)
"""Some measurements of a value, then some of the next."""
intervals = st.sampled_from([500, 2000, 5000, 10_000, 20_000])


@st.composite
def regular(draw: st.DrawFn) -> list[Measurement]:
    """Measurements at one interval, with the jitter of a busy machine."""
    interval = draw(intervals)
    values = [value for value, times in draw(runs) for _ in range(times)]
    jitter = draw(st.lists(st.integers(0, interval // 10), min_size=len(values), max_size=len(values)))
    return [Measurement(1, index * interval + jitter[index], 230.0, 0.1, each) for index, each in enumerate(values)]


@st.composite
def with_silences(draw: st.DrawFn) -> list[Measurement]:
    """The same with silences, errors and reports of changes at random."""
    measured = draw(regular())
    pauses = draw(st.lists(st.sampled_from([0] * 8 + [7_000, 40_000, 200_000]), min_size=len(measured),
                           max_size=len(measured)))  # fmt: skip
    gaps = draw(st.lists(st.sampled_from([False] * 9 + [True]), min_size=len(measured), max_size=len(measured)))
    moved = accumulate(pauses)
    return [
        replace(each, timestamp_ms=each.timestamp_ms + later, after_gap=gap)
        for each, later, gap in zip(measured, moved, gaps, strict=True)
    ]


def sent(measurements: Sequence[Measurement]) -> list[Measurement]:
    spans = Spans(SPAN_MS / 1000)
    return [reading for each in measurements for reading in spans.add(each)] + spans.end()


@given(with_silences())
def test_readings_are_ordered_do_not_overlap_and_stand_for_at_most_a_minute(measurements: list[Measurement]) -> None:
    readings = sent(measurements)
    assert len(readings) <= len(measurements)
    for before, after in pairwise(readings):
        assert before.timestamp_ms <= after.timestamp_ms - after.held_ms
        assert before.timestamp_ms < after.timestamp_ms
    assert all(0 <= reading.held_ms <= SPAN_MS for reading in readings)


@given(with_silences())
def test_a_span_covers_no_change_and_no_silence(measurements: list[Measurement]) -> None:
    for reading in sent(measurements):
        start_ms = reading.timestamp_ms - reading.held_ms
        inside = [each for each in measurements if start_ms <= each.timestamp_ms <= reading.timestamp_ms]
        values = [each.power for each in inside]
        assert inside[-1].timestamp_ms == reading.timestamp_ms
        assert inside[0].timestamp_ms == start_ms
        assert min(values) - 1e-4 <= reading.power <= max(values) + 1e-4
        assert max(values) - min(values) <= max(FLOOR_WATTS, MOST_STEP_WATTS * 1.1, 0.01 * max(values)) + 1e-6
        assert not any(each.after_gap for each in inside[1:])
        assert all(after.timestamp_ms - before.timestamp_ms <= JOIN_MS for before, after in pairwise(inside))


@given(with_silences())
def test_all_time_that_was_covered_before_is_covered_by_the_readings(measurements: list[Measurement]) -> None:
    readings = sent(measurements)
    assert readings[0].timestamp_ms == measurements[0].timestamp_ms
    assert readings[-1].timestamp_ms == measurements[-1].timestamp_ms
    for before, after in pairwise(measurements):
        if after.timestamp_ms - before.timestamp_ms <= GAP_MS:
            later = next(each for each in readings if each.timestamp_ms >= after.timestamp_ms)
            starts = [each.timestamp_ms for each in readings if each.timestamp_ms <= before.timestamp_ms]
            gap_ms = later.timestamp_ms - later.held_ms - max(starts)
            assert gap_ms <= GAP_MS


@given(regular())
def test_the_energy_is_that_of_all_measurements(measurements: list[Measurement]) -> None:
    """Only the line from a span's mean to the next value errs: by half a band over one interval, per change."""
    exact = energy_ws((each.timestamp_ms / 1000, each.power, 0) for each in measurements)
    readings = sent(measurements)
    given_out = energy_ws((each.timestamp_ms / 1000, each.power, each.held_ms / 1000) for each in readings)
    longest = max((b.timestamp_ms - a.timestamp_ms for a, b in pairwise(measurements)), default=0) / 1000
    singles = [each for each in readings if not each.held_ms]
    bound = sum(max(FLOOR_WATTS, MOST_STEP_WATTS * 1.1, 0.01 * 3000) * longest for _ in singles)
    assert given_out == pytest.approx(exact, abs=bound / 2 + 1e-4 * len(readings) * 60)


@given(regular())
def test_every_measurement_is_out_a_minute_later(measurements: list[Measurement]) -> None:
    spans = Spans(SPAN_MS / 1000)
    out_until_ms = -1
    for each in measurements:
        for reading in spans.add(each):
            out_until_ms = reading.timestamp_ms
        overdue = [m for m in measurements if out_until_ms < m.timestamp_ms < each.timestamp_ms - SPAN_MS]
        assert overdue == []
