"""When an outlet counts as silent: by its own pace, and by what its device has sent or done since."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import HOUR_MS
from chalicelib.detection import outlet_silence
from chalicelib.detection.port_state import PortState
from chalicelib.readings.model import MeterReading

NOW = 1_700_000_000_000


def outlet(pace_seconds: float | None) -> PortState:
    """An outlet of this pace whose newest reading is of NOW."""
    pace_ms = None if pace_seconds is None else pace_seconds * 1_000
    return PortState(latest=MeterReading(NOW, 230, 0.1, 23), pace_ms=pace_ms)


@pytest.mark.parametrize(
    ("pace_seconds", "limit_seconds"), [(2, 120), (48, 120), (60, 150), (121, 302.5), (300, 750), (600, 1_500)]
)
def test_an_outlet_is_silent_past_two_minutes_and_two_and_a_half_paces(
    pace_seconds: float, limit_seconds: float
) -> None:
    state, limit_ms = outlet(pace_seconds), int(limit_seconds * 1_000)
    assert outlet_silence.since_ms(state, NOW + limit_ms) is None
    assert outlet_silence.since_ms(state, NOW + limit_ms + 1) == NOW
    assert outlet_silence.begins_ms(state, NOW + limit_ms + 1) == NOW


def test_before_its_pace_is_known_silence_is_shown_but_told_only_when_no_pace_explains_it() -> None:
    state = outlet(None)
    assert outlet_silence.since_ms(state, NOW + 121_000) == NOW
    assert outlet_silence.begins_ms(state, NOW + 121_000) is None
    assert outlet_silence.begins_ms(state, NOW + 2_251_000) == NOW


def test_an_outlet_without_a_reading_or_of_a_device_that_never_called_is_not_silent() -> None:
    assert outlet_silence.since_ms(PortState(), NOW) is None
    assert outlet_silence.since_ms(outlet(2), None) is None


def test_where_readings_are_uploaded_seldom_a_call_in_between_proves_nothing() -> None:
    assert outlet_silence.heard_ms(NOW, 60) == NOW
    assert outlet_silence.heard_ms(NOW, 300) == NOW - 240_000
    assert outlet_silence.heard_ms(None, 60) is None


@given(st.lists(st.integers(1, 2 * HOUR_MS), max_size=40), st.data())
def test_the_pace_is_the_same_however_readings_are_batched(gaps: list[int], data: st.DataObject) -> None:
    times_ms = [NOW + sum(gaps[: number + 1]) for number in range(len(gaps))]
    whole = outlet_silence.learn_pace(None, NOW, times_ms)
    cut = data.draw(st.integers(0, len(times_ms)))
    newest_ms = times_ms[cut - 1] if cut else NOW
    part = outlet_silence.learn_pace(None, NOW, times_ms[:cut])
    assert outlet_silence.learn_pace(part, newest_ms, times_ms[cut:]) == whole


@pytest.mark.parametrize("pace_seconds", [1, 2, 60, 121, 180, 300, 600, 899, 3_600])
def test_a_steady_outlet_is_never_told_silent_between_its_readings(pace_seconds: int) -> None:
    pace_ms, at_ms = None, NOW
    for number in range(100):
        state = PortState(latest=MeterReading(at_ms, 230, 0, 1), pace_ms=pace_ms)
        if number > 1 or pace_seconds < 2_250:
            assert outlet_silence.begins_ms(state, at_ms + pace_seconds * 1_000) is None
        pace_ms = outlet_silence.learn_pace(pace_ms, at_ms, [at_ms + pace_seconds * 1_000])
        at_ms += pace_seconds * 1_000


def test_a_meter_that_reports_on_change_is_not_silent_each_time_that_its_appliance_stops() -> None:
    pace_ms, at_ms, told = None, NOW, 0
    for _ in range(12):
        for gap_ms in [2_000] * 1_800 + [300_000] * 12:
            state = PortState(latest=MeterReading(at_ms, 230, 0, 1), pace_ms=pace_ms)
            told += outlet_silence.begins_ms(state, at_ms + gap_ms) is not None
            pace_ms = outlet_silence.learn_pace(pace_ms, at_ms, [at_ms + gap_ms])
            at_ms += gap_ms
    assert told <= 3


@pytest.mark.parametrize("pace_seconds", [60, 300, 900])
def test_a_meter_that_says_how_long_its_readings_held_is_not_silent_until_the_next(pace_seconds: int) -> None:
    """From its first reading on, after days of changes each two seconds, and also after an outage."""
    pace_ms = pace_seconds * 1_000
    first = outlet_silence.learn_pace(None, None, [NOW], [pace_ms])
    assert outlet_silence.limit_ms(first) > pace_ms
    busy = [NOW + 2_000 * number for number in range(1, 86_400)]
    after_days = outlet_silence.learn_pace(first, NOW, busy, [2_000] * len(busy))
    assert outlet_silence.limit_ms(after_days) > pace_ms
    plain_before = outlet_silence.learn_pace(2_000.0, NOW, [NOW + pace_ms], [pace_ms])
    assert outlet_silence.limit_ms(plain_before) > pace_ms
    after_outage = outlet_silence.learn_pace(first, NOW, [NOW + HOUR_MS], [pace_ms])
    assert after_outage == first


def test_an_outage_is_no_pace_and_a_second_silence_is_found_like_the_first() -> None:
    pace_ms = outlet_silence.learn_pace(2_000.0, NOW, [NOW + HOUR_MS])
    assert pace_ms == 2_000.0
    after_spell = outlet_silence.learn_pace(10_000.0, NOW, [NOW + 240_000])
    assert after_spell is not None
    assert outlet_silence.limit_ms(after_spell) < 240_000
