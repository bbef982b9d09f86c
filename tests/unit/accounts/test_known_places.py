"""Known places: the newest are kept, a place of another person is another one, and a day's log-ins write once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.guess_limits import MAX_KNOWN_PLACES, PLACE_REFRESH_MS, place_digest, remember_place

NOW_MS = 1_700_000_000_000


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3 * PLACE_REFRESH_MS)), max_size=80))
def test_the_place_of_the_newest_log_in_is_known_and_there_are_never_too_many(log_ins: list[tuple[int, int]]) -> None:
    known, now_ms = dict[str, int](), NOW_MS
    for name, pause_ms in log_ins:
        now_ms += pause_ms
        known = dict(remember_place(known, str(name), now_ms))
        assert str(name) in known
        assert len(known) <= MAX_KNOWN_PLACES
        assert all(now_ms - at_ms >= 0 for at_ms in known.values())


def test_a_second_log_in_of_a_day_changes_nothing() -> None:
    known = remember_place(remember_place({}, "a", NOW_MS), "b", NOW_MS)
    assert remember_place(known, "a", NOW_MS + PLACE_REFRESH_MS - 1) is known
    assert remember_place(known, "a", NOW_MS + PLACE_REFRESH_MS) == {"a": NOW_MS + PLACE_REFRESH_MS, "b": NOW_MS}


def test_a_place_says_nothing_about_other_people() -> None:
    assert place_digest("ann", "192.0.2.1") != place_digest("bob", "192.0.2.1")
