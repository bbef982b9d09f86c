from __future__ import annotations

from ghostwatt_pi.agent.pace import NEVER, Pace
from hypothesis import given
from hypothesis import strategies as st


def paced(interval_seconds: float = 60, heartbeat_seconds: float = 60) -> Pace:
    """A pace just answered, at the moment 0, after a live batch and one of the backlog."""
    pace = Pace()
    pace.sent_live(0)
    pace.sent_backlog(0)
    pace.was_answered(0)
    pace.follow(interval_seconds, heartbeat_seconds, 0)
    pace.sent_live(0)
    pace.sent_backlog(0)
    pace.was_answered(0)
    return pace


def live_due(pace: Pace, *, at_once: bool = False, early: bool = False) -> float:
    return pace.live_due(at_once=at_once, early=early)


def test_live_readings_go_at_the_servers_interval() -> None:
    assert live_due(paced(60)) == 60
    assert live_due(paced(300)) == 300


def test_a_step_goes_early_but_not_within_ten_seconds_of_the_last() -> None:
    assert live_due(paced(60), early=True) == 10
    assert live_due(paced(2), early=True) == 2


def test_a_proof_goes_at_once() -> None:
    assert live_due(paced(60), at_once=True) == 0


def test_a_shorter_interval_holds_from_the_answer_that_brings_it() -> None:
    pace = paced(300)
    pace.follow(2, 60, now=30)
    assert live_due(pace) == 32


def test_a_longer_interval_holds_from_the_next_call() -> None:
    pace = paced(2)
    pace.follow(300, 60, now=1)
    assert live_due(pace) == 2


def test_a_hold_holds_everything_and_then_the_newest_go_first() -> None:
    pace = paced(60)
    pace.hold(100)
    dues = [live_due(pace, at_once=True), pace.backlog_due(at_once=True), pace.heartbeat_due(at_once=True)]
    assert dues == [100] * 3
    assert live_due(pace) == 100


@given(st.floats(1, 600))
def test_the_backlog_is_quicker_than_real_time_and_never_a_flood(interval_seconds: float) -> None:
    pace = paced(interval_seconds)
    between_seconds = pace.backlog_due(at_once=False)
    assert between_seconds >= 1.0
    assert between_seconds >= interval_seconds / 10
    at_four_outlets = 4 / 2
    readings_a_second = 500 / between_seconds
    assert readings_a_second > at_four_outlets


def test_never_is_later_than_anything() -> None:
    assert max(1e12, NEVER) == NEVER
