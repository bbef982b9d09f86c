"""How long to wait, by how long the outlet has been idle before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.detection import dwell


def seen(*minutes: float) -> list[int]:
    runs = [0] * dwell.BINS
    for lasted in minutes:
        dwell.record(runs, lasted)
    return runs


def test_a_new_outlet_waits_for_an_hour() -> None:
    assert dwell.dwell_minutes(seen()) == 60


def test_long_runs_shorten_the_wait() -> None:
    waits = [dwell.dwell_minutes(seen(*[600.0] * count)) for count in range(12)]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] <= 10


def test_pauses_that_ended_soon_after_are_waited_out() -> None:
    assert dwell.dwell_minutes(seen(*[600.0] * 10, *[12.0] * 10)) == 15


@pytest.mark.parametrize(
    ("runs", "pulsed"),
    [([], False), ([7.0] * 20 + [300.0] * 9, True), ([7.0] * 20 + [300.0] * 10, False), ([20.0] * 20, False)],
)
def test_many_short_pauses_tell_what_works_in_pulses(runs: list[float], pulsed: bool) -> None:
    assert dwell.is_pulsed(seen(*runs)) is pulsed


@pytest.mark.parametrize(("runs", "typical"), [([20.0] * 30, 22.5), ([75.0] * 20, 77.5), ([600.0], 720.0)])
def test_the_typical_idle_minute_tells_a_thermostat_from_a_night(runs: list[float], typical: float) -> None:
    assert dwell.typical_minutes(seen(*runs), 0.0) == pytest.approx(typical)


def test_an_hour_of_door_open_does_not_turn_a_fridge_into_a_television() -> None:
    assert dwell.typical_minutes(seen(*[75.0] * 30), 123.0) < dwell.THERMOSTAT_MINUTES


def test_blinks_are_no_runs() -> None:
    assert sum(seen(0.5, 4.9)) == 0


@given(st.lists(st.floats(0, 3_000), max_size=400))
def test_counts_stay_bounded_and_the_wait_stays_in_range(lengths: list[float]) -> None:
    runs = seen(*lengths)
    assert sum(runs) <= dwell.MEMORY_RUNS
    assert dwell.MIN_DWELL_MINUTES <= dwell.dwell_minutes(runs) <= 120
