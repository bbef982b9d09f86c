"""The token bucket: never more than the burst and what has come since, and never less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.token_bucket import OFF, Rate, RateLimits, rate_limits

START_MS = 1_700_000_000_000
rates = st.builds(Rate, st.integers(1, 1_000), st.sampled_from([3 / 3_600, 6 / 60, 1.0, 20.0, 1_000.0]))
calls = st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 50)), min_size=1, max_size=60)


def taken(rate: Rate, given_calls: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """When how many tokens were taken; each call comes so long after the one before and wants so many."""
    full_at_ms, now_ms = 0.0, START_MS
    for pause_ms, tokens in given_calls:
        now_ms += pause_ms
        answer = rate.take(full_at_ms, now_ms, tokens)
        full_at_ms = answer.full_at_ms
        if not answer.wait_ms:
            yield now_ms, min(tokens, int(rate.burst))


@given(rates, calls)
def test_no_span_of_time_takes_more_than_the_burst_and_what_came_meanwhile(
    rate: Rate, given_calls: list[tuple[int, int]]
) -> None:
    found = list(taken(rate, given_calls))
    for first, (from_ms, _) in enumerate(found):
        total = 0
        for at_ms, tokens in found[first:]:
            total += tokens
            assert total <= rate.burst + rate.per_second * (at_ms - from_ms) / 1_000 + 0.01


@given(rates, calls, st.integers(1, 50))
def test_who_waits_as_long_as_was_said_gets_the_tokens_and_not_a_moment_earlier(
    rate: Rate, given_calls: list[tuple[int, int]], tokens: int
) -> None:
    full_at_ms, now_ms = 0.0, START_MS
    for pause_ms, wanted in [*given_calls, (0, tokens)]:
        now_ms += pause_ms
        answer = rate.take(full_at_ms, now_ms, wanted)
        full_at_ms = answer.full_at_ms
        if answer.wait_ms > 2:
            assert rate.take(full_at_ms, now_ms + answer.wait_ms - 1, wanted).wait_ms > 0
        if answer.wait_ms:
            assert rate.take(full_at_ms, now_ms + answer.wait_ms, wanted).wait_ms == 0


@given(rates, calls)
def test_what_is_refused_takes_nothing(rate: Rate, given_calls: list[tuple[int, int]]) -> None:
    full_at_ms, now_ms = 0.0, START_MS
    for pause_ms, tokens in given_calls:
        now_ms += pause_ms
        answer = rate.take(full_at_ms, now_ms, tokens)
        if answer.wait_ms:
            assert rate.take(answer.full_at_ms, now_ms, tokens) == answer
        full_at_ms = answer.full_at_ms


@given(rates, st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_clock_that_went_back_leaves_a_bucket_empty_at_worst(rate: Rate, ahead_ms: int, back_ms: int) -> None:
    full_at_ms = rate.take(0, START_MS + ahead_ms, rate.burst).full_at_ms
    answer = rate.take(full_at_ms, START_MS + ahead_ms - back_ms)
    assert answer.wait_ms <= 1_000 / rate.per_second + 0.01


def test_sixty_sign_ups_go_at_once_and_then_six_a_minute() -> None:
    rate, full_at_ms = RateLimits().sign_ups, 0.0
    for _ in range(60):
        answer = rate.take(full_at_ms, START_MS)
        assert answer.wait_ms == 0
        full_at_ms = answer.full_at_ms
    assert rate.take(full_at_ms, START_MS).wait_ms == pytest.approx(10_000)
    assert list(taken(rate, [(0, 1)] * 60 + [(10_000, 1)] * 6 + [(9_000, 1)])) == [(START_MS, 1)] * 60 + [
        (START_MS + step * 10_000, 1) for step in range(1, 7)
    ]


def test_more_than_a_full_bucket_is_taken_when_it_is_full_and_empties_it() -> None:
    rate = Rate(100, 10)
    answer = rate.take(0, START_MS, 500)
    assert answer.wait_ms == 0
    assert rate.take(answer.full_at_ms, START_MS, 500).wait_ms == pytest.approx(10_000)


def test_tokens_that_were_given_back_can_be_taken_again() -> None:
    rate = Rate(1, 1)
    full_at_ms = rate.take(0, START_MS).full_at_ms
    assert rate.take(rate.give_back(full_at_ms), START_MS).wait_ms == 0


def test_a_limit_that_is_off_never_refuses() -> None:
    full_at_ms = 0.0
    for _ in range(1_000):
        answer = OFF.take(full_at_ms, START_MS, 10**6)
        assert answer.wait_ms == 0
        full_at_ms = answer.full_at_ms


def test_a_setting_changes_what_it_names() -> None:
    chosen = rate_limits("device_calls=10+2/s, sign_ups=off mails=1+1/h")
    assert chosen == RateLimits(device_calls=Rate(10, 2), sign_ups=OFF, mails=Rate(1, 1 / 3_600))
    assert rate_limits("") == RateLimits()
    assert rate_limits("off").mails == rate_limits("off").device_calls == OFF


@pytest.mark.parametrize("text", ["sign_ups", "sign_ups=1", "sign_ups=0+1/s", "sign_ups=1+1/w", "calls=1+1/s", "=off"])
def test_a_setting_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="LIMITS") as caught:
        rate_limits(f"mails=off {text}")
    assert repr(text) in str(caught.value)


def test_the_guide_states_every_limit_and_its_default() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "limits.md").read_text()
    names = {field.name for field in fields(RateLimits)}
    stated = {
        name: rate for name, rate in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", guide, re.MULTILINE) if name in names
    }
    assert stated.keys() == names
    assert rate_limits(" ".join(f"{name}={rate}" for name, rate in stated.items())) == RateLimits()
