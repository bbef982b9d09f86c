"""Slots: so many at once, so many of them one person's, and a slot is free again however its call ended."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from chalicelib.core.concurrency import Slots
from chalicelib.core.errors import TooMany


def test_nobody_takes_more_than_a_persons_share_and_all_together_no_more_than_there_are() -> None:
    slots = Slots(in_all=2, per_person=1, retry_after_seconds=3)
    with slots.taken("ann"):
        with pytest.raises(TooMany) as refused, slots.taken("ann"):
            pass
        assert (refused.value.code, refused.value.retry_after_seconds) == ("too_many_requests", 3)
        with slots.taken("bob"), pytest.raises(TooMany), slots.taken("cleo"):
            pass
        with slots.taken("cleo"):
            pass


def test_a_slot_is_free_again_after_an_error() -> None:
    slots = Slots(in_all=1, per_person=1, retry_after_seconds=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="bad"), slots.taken("ann"):
            raise ValueError("bad")
    with ExitStack() as held:
        held.enter_context(slots.taken("bob"))
