"""An outlet that is never idle is told."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.detection.detector_state import State
from chalicelib.detection.outlet_alerts import ALWAYS_ON_MINUTES, always_on_watts
from chalicelib.ports.model import Rule

NOW = 1_700_000_000_000


def always_on(**changes: object) -> State:
    minutes = [0] * len(State().watt_minutes)
    minutes[25] = ALWAYS_ON_MINUTES
    return replace(State(watt_minutes=minutes), **changes)  # type: ignore[arg-type]  # a field of State


def test_what_never_rests_for_days_is_always_on() -> None:
    watts = always_on_watts(always_on(), Rule())
    assert watts is not None
    assert 6 < watts < 7


def test_what_rests_is_protected_or_is_new_is_not_always_on() -> None:
    assert always_on_watts(always_on(threshold_watts=3.0), Rule()) is None
    assert always_on_watts(always_on(), Rule(never_cut=True)) is None
    rested = always_on()
    rested.watt_minutes[0] = 1
    assert always_on_watts(rested, Rule()) is None
    young = always_on()
    young.watt_minutes[25] -= 1
    assert always_on_watts(young, Rule()) is None
