"""How long raw readings are kept, and what is taken after a change of mind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.retention import SPARE_MS, Retention
from chalicelib.core.times import DAY_MS

NOW = 1_700_000_000_000


def test_thirty_days_if_nobody_says_otherwise() -> None:
    assert Retention().oldest_ms(NOW) == NOW - 30 * DAY_MS


def test_a_shorter_time_holds_at_once() -> None:
    assert Retention().changed(7, NOW).oldest_ms(NOW) == NOW - 7 * DAY_MS


def test_a_longer_time_begins_with_what_is_kept_by_then() -> None:
    longer = Retention().changed(400, NOW)
    assert longer.oldest_ms(NOW) == NOW - 30 * DAY_MS
    assert longer.oldest_ms(NOW + 30 * DAY_MS) == NOW
    assert longer.oldest_ms(NOW + 399 * DAY_MS) == NOW
    assert longer.oldest_ms(NOW + 500 * DAY_MS) == NOW + 100 * DAY_MS


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(7, 400)), max_size=5),
    st.integers(0, 600),
    st.integers(0, 400),
)
def test_whatever_is_taken_all_readings_of_its_time_are_still_stored(
    changes: list[tuple[int, int]], later_days: int, age_days: int
) -> None:
    """A reading stored at its own time, under the choice of then, is still there when a late one beside it is taken."""
    now_ms, past = NOW, [(0, Retention())]
    for after_days, days in changes:
        now_ms += after_days * DAY_MS
        past.append((now_ms, past[-1][1].changed(days, now_ms)))
    now_ms += later_days * DAY_MS
    at_ms = now_ms - age_days * DAY_MS
    at_that_time = [retention for since_ms, retention in past if since_ms <= at_ms][-1]
    if at_ms >= past[-1][1].oldest_ms(now_ms):
        assert at_that_time.expires_at_ms(at_ms) > now_ms
    if at_ms >= past[-1][1].whole_from_ms(now_ms):
        assert at_that_time.expires_at_ms(at_ms) >= now_ms + SPARE_MS
