from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import TooMany
from chalicelib.exports.model import FORMATS, KEPT_MS, MOST_A_DAY, Export, State, check_number, next_number

NOW_MS = 1_800_000_000_000


def export(number: int = 1, created_at_ms: int = NOW_MS, state: State = "waiting", lease_ms: int = 1_000) -> Export:
    lease_until_ms = created_at_ms + lease_ms
    return Export("o", number, "a@b", created_at_ms, 0, created_at_ms, FORMATS, "key", lease_until_ms, state)


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_job_whose_lease_is_over_has_failed_and_says_so(state: State) -> None:
    alive = export(state=state)
    assert alive.state(NOW_MS + 999) == state
    assert alive.is_under_way(NOW_MS + 999)
    assert alive.error(NOW_MS + 999) is None
    assert alive.state(NOW_MS + 1_000) == "failed"
    assert not alive.is_under_way(NOW_MS + 1_000)
    assert alive.error(NOW_MS + 1_000)


def test_what_is_ready_stays_ready_after_its_lease() -> None:
    assert export(state="ready").state(NOW_MS + KEPT_MS) == "ready"


@given(st.lists(st.integers(0, 2 * KEPT_MS), max_size=12))
def test_any_day_has_a_few_and_after_the_time_told_there_is_room(ages_ms: list[int]) -> None:
    before = [export(number, NOW_MS - age_ms) for number, age_ms in enumerate(ages_ms, 1)]
    if sum(age_ms < KEPT_MS for age_ms in ages_ms) < MOST_A_DAY:
        check_number(before, NOW_MS)
        return
    with pytest.raises(TooMany) as refused:
        check_number(before, NOW_MS)
    seconds = refused.value.retry_after_seconds
    assert seconds is not None
    assert 0 < seconds <= KEPT_MS / 1_000
    check_number(before, NOW_MS + 1_000 * seconds)
    with pytest.raises(TooMany):
        check_number(before, NOW_MS + 1_000 * seconds - 1_000)


@given(st.sets(st.integers(1, 1_000)))
def test_the_next_number_is_new_and_higher(numbers: set[int]) -> None:
    assert next_number([export(number) for number in numbers]) == max(numbers, default=0) + 1
