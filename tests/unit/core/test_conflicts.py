"""Retries of changes that meet others' changes."""

from __future__ import annotations

import pytest

from chalicelib.core.dynamo import CONFLICT_TRIES, retry_conflicts, retry_conflicts_from
from chalicelib.core.errors import Busy, Unavailable


def test_a_change_that_meets_others_is_tried_until_it_wins() -> None:
    outcomes = iter([None, None, "stored"])
    assert retry_conflicts(lambda: next(outcomes), "busy") == "stored"


def test_an_empty_result_is_a_success() -> None:
    assert retry_conflicts(list[str], "busy") == []


def test_a_change_that_never_wins_ends_as_busy_which_may_be_tried_later() -> None:
    tries: list[None] = []
    with pytest.raises(Busy, match="keeps changing") as refused:
        retry_conflicts(lambda: tries.append(None), "It keeps changing.")
    assert len(tries) == CONFLICT_TRIES
    assert isinstance(refused.value, Unavailable)
    assert (refused.value.code, refused.value.retry_after_seconds) == ("busy", 1)


def test_the_first_try_takes_what_was_read_before_and_later_ones_read_again() -> None:
    stored = iter([2, None, 3])
    taken: list[int | None] = []

    def attempt(version: int | None) -> str | None:
        taken.append(version)
        return "stored" if version == 3 else None

    assert retry_conflicts_from(1, attempt, lambda: next(stored), "busy") == "stored"
    assert taken == [1, 2, None, 3]
