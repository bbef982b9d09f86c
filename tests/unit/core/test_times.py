"""Epoch milliseconds and ISO 8601."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.times import LATEST_MS, epoch_ms, iso


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-21T10:00:00", 1_795_255_200_000),
        ("2026-11-21T10:00:00Z", 1_795_255_200_000),
        ("2026-11-21T11:00:00+01:00", 1_795_255_200_000),
        ("2026-11-21T10:00:00.123456", 1_795_255_200_123),
        ("1795255200000", 1_795_255_200_000),
        (1_795_255_200_000, 1_795_255_200_000),
        (1_795_255_200_000.9, 1_795_255_200_000),
        ("2026-11-21t10:00:00z", 1_795_255_200_000),
        ("20261121T100000Z", 1_795_255_200_000),
    ],
)
def test_both_forms_are_taken_and_no_offset_means_utc(text: str | float, at_ms: int) -> None:
    assert epoch_ms(text) == at_ms


@pytest.mark.parametrize(("when", "at_ms"), [(1_795_255_200, 0), (1_795_255_200.25, 250), ("1795255200", 0)])
def test_a_number_too_low_for_milliseconds_is_in_seconds(when: str | float, at_ms: int) -> None:
    assert epoch_ms(when) == 1_795_255_200_000 + at_ms


@pytest.mark.parametrize(
    "junk", ["", "yesterday", "2026-13-01", "-5", float("inf"), float("nan"), -1, 1e300, "9" * 400]
)
def test_junk_is_refused_and_the_field_named(junk: str | float) -> None:
    with pytest.raises(Invalid) as caught:
        epoch_ms(junk, "from")
    assert caught.value.field == "from"


@given(st.integers(0, LATEST_MS))
def test_there_and_back_is_the_same(at_ms: int) -> None:
    assert epoch_ms(iso(at_ms)) == at_ms
    assert iso(at_ms).endswith("Z")
