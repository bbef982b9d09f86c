from __future__ import annotations

from ghostwatt_pi.agent.schedule import NEVER, Pace
from hypothesis import given
from hypothesis import strategies as st


def paced(interval_seconds: float = 60, heartbeat_seconds: float = 60) -> Pace:
    """A pace just answered, at the moment 0, after a live batch and one of the backlog."""
    pace = Pace()
    pace.note_live_upload(0)
    pace.note_backlog_upload(0)
    pace.note_answer(0)
    pace.set_intervals(interval_seconds, heartbeat_seconds, 0)
    pace.note_live_upload(0)
    pace.note_backlog_upload(0)
    pace.note_answer(0)
    return pace


def next_live_upload(pace: Pace, *, immediate: bool = False, early: bool = False) -> float:
    return pace.next_live_upload(immediate=immediate, early=early)


def test_live_readings_go_at_the_servers_interval() -> None:
    assert next_live_upload(paced(60)) == 60
    assert next_live_upload(paced(300)) == 300


def test_a_step_goes_early_but_not_within_ten_seconds_of_the_last() -> None:
    assert next_live_upload(paced(60), early=True) == 10
    assert next_live_upload(paced(2), early=True) == 2


def test_a_proof_goes_immediate() -> None:
    assert next_live_upload(paced(60), immediate=True) == 0


def test_a_shorter_interval_holds_from_the_answer_that_brings_it() -> None:
    pace = paced(300)
    pace.set_intervals(2, 60, now=30)
    assert next_live_upload(pace) == 32


def test_a_longer_interval_holds_from_the_next_call() -> None:
    pace = paced(2)
    pace.set_intervals(300, 60, now=1)
    assert next_live_upload(pace) == 2


def test_a_hold_holds_everything_and_then_the_newest_go_first() -> None:
    pace = paced(60)
    pace.hold(100)
    dues = [
        next_live_upload(pace, immediate=True),
        pace.next_backlog_upload(immediate=True),
        pace.next_heartbeat(immediate=True),
    ]
    assert dues == [100] * 3
    assert next_live_upload(pace) == 100


@given(st.floats(1, 600))
def test_the_backlog_is_quicker_than_real_time_and_never_a_flood(interval_seconds: float) -> None:
    pace = paced(interval_seconds)
    between_seconds = pace.next_backlog_upload(immediate=False)
    assert between_seconds >= 1.0
    assert between_seconds >= interval_seconds / 10
    at_four_outlets = 4 / 2
    readings_a_second = 500 / between_seconds
    assert readings_a_second > at_four_outlets


def test_never_is_later_than_anything() -> None:
    assert max(1e12, NEVER) == NEVER
