"""What a person is alerted to, once a spell."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import MINUTE_MS
from chalicelib.detection import alerts
from chalicelib.detection.alerts import ALWAYS_ON_MINUTES, AgentReport
from chalicelib.detection.phantom import Rule, State

NOW = 1_700_000_000_000


def test_the_first_total_is_told_unless_it_is_nothing() -> None:
    assert alerts.reported(AgentReport(), "1.2", 0, NOW) == (AgentReport("1.2", 0, None), 0)
    assert alerts.reported(AgentReport(), None, 7, NOW) == (AgentReport(None, 7, NOW), 7)


def test_what_is_not_said_is_not_forgotten() -> None:
    known = AgentReport("1.2", 7, NOW)
    assert alerts.reported(known, None, None, NOW + 1) == (known, 0)


def test_a_total_that_began_anew_counts_from_there() -> None:
    known = AgentReport("1.2", 700, NOW)
    assert alerts.reported(known, None, 5, NOW + 2 * 60 * MINUTE_MS)[1] == 5


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), max_size=40))
def test_a_spell_of_dropping_is_told_once(steps: list[tuple[int, int]]) -> None:
    known, total, at_ms, rose_at_ms = AgentReport(None, 0, None), 0, NOW, -(10**15)
    for minutes, more in steps:
        at_ms, total = at_ms + minutes * MINUTE_MS, total + more
        known, lost = alerts.reported(known, None, total, at_ms)
        begins = more > 0 and at_ms - rose_at_ms >= 60 * MINUTE_MS
        assert (lost > 0) == begins
        rose_at_ms = at_ms if more else rose_at_ms


def always_on(**changes: object) -> State:
    minutes = [0] * len(State().watt_minutes)
    minutes[25] = ALWAYS_ON_MINUTES
    return replace(State(watt_minutes=minutes), **changes)  # type: ignore[arg-type]  # a field of State


def test_what_never_rests_for_days_is_always_on() -> None:
    watts = alerts.always_on_watts(always_on(), Rule())
    assert watts is not None
    assert 6 < watts < 7


def test_what_rests_is_protected_or_is_new_is_not_always_on() -> None:
    assert alerts.always_on_watts(always_on(threshold_watts=3.0), Rule()) is None
    assert alerts.always_on_watts(always_on(), Rule(never_cut=True)) is None
    rested = always_on()
    rested.watt_minutes[0] = 1
    assert alerts.always_on_watts(rested, Rule()) is None
    young = always_on()
    young.watt_minutes[25] -= 1
    assert alerts.always_on_watts(young, Rule()) is None
