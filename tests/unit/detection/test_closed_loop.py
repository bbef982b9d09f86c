"""The detector's own cuts come back to it as readings: it must go on saving."""

from __future__ import annotations

from functools import partial

import pytest

from tests.benchmarks.closed_loop import LOADS, Home, noisy, run, steady


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("watts", [3.0, 5.0, 16.0])
def test_nine_tenths_of_the_standby_are_saved_over_four_weeks(watts: float, load: str) -> None:
    outcome = run(Home(LOADS[load](watts), every_seconds=60))
    assert outcome.wrong == 0
    assert outcome.saved_percent >= 90
    assert outcome.cuts >= 80


@pytest.mark.parametrize(("every_seconds", "days"), [(30, 14), (10, 7), (2, 2)])
def test_however_often_it_is_measured(every_seconds: int, days: int) -> None:
    outcome = run(Home(partial(noisy, 5.0, 0.5), every_seconds=every_seconds, days=days))
    assert outcome.wrong == 0
    assert outcome.saved_percent >= 100 - 130 / days  # a day is spent on learning
    assert outcome.cuts >= 3 * days - 4


@pytest.mark.parametrize("kind", ["television", "printer", "audio"])
def test_with_a_kind_it_saves_as_much(kind: str) -> None:
    outcome = run(Home(partial(steady, 5.0), every_seconds=60, kind=kind))
    assert (outcome.wrong, outcome.saved_percent >= 95) == (0, True)


def test_on_a_meter_that_steps_by_two_watts() -> None:
    outcome = run(Home(partial(noisy, 3.2, 1.5), every_seconds=60, meter_step_watts=2.1))
    assert outcome.wrong == 0
    assert outcome.saved_percent >= 90
