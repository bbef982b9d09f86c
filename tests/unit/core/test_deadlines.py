from __future__ import annotations

from chalicelib.core.deadlines import Deadline


def test_a_deadline_in_the_future_has_not_expired() -> None:
    assert not Deadline(600).expired


def test_a_deadline_of_no_time_has_expired_at_once() -> None:
    assert Deadline(0).expired
