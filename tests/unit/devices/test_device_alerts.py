"""Dropped readings are told once a spell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import MINUTE_MS
from chalicelib.devices import device_alerts
from chalicelib.devices.device_alerts import AgentReport

NOW = 1_700_000_000_000


def test_the_first_total_is_told_unless_it_is_nothing() -> None:
    assert device_alerts.reported(AgentReport(), "1.2", 0, NOW) == (AgentReport("1.2", 0, None), 0)
    assert device_alerts.reported(AgentReport(), None, 7, NOW) == (AgentReport(None, 7, NOW), 7)


def test_what_is_not_said_is_not_forgotten() -> None:
    known = AgentReport("1.2", 7, NOW)
    assert device_alerts.reported(known, None, None, NOW + 1) == (known, 0)


def test_a_total_that_began_anew_counts_from_there() -> None:
    known = AgentReport("1.2", 700, NOW)
    assert device_alerts.reported(known, None, 5, NOW + 2 * 60 * MINUTE_MS)[1] == 5


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), max_size=40))
def test_a_spell_of_dropping_is_told_once(steps: list[tuple[int, int]]) -> None:
    known, total, at_ms, rose_at_ms = AgentReport(None, 0, None), 0, NOW, -(10**15)
    for minutes, more in steps:
        at_ms, total = at_ms + minutes * MINUTE_MS, total + more
        known, lost = device_alerts.reported(known, None, total, at_ms)
        begins = more > 0 and at_ms - rose_at_ms >= 60 * MINUTE_MS
        assert (lost > 0) == begins
        rose_at_ms = at_ms if more else rose_at_ms
