"""What a spreadsheet is given to open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.spreadsheets import Cell, harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=", "-"])
def test_text_that_would_be_run_has_an_apostrophe_before_it(text: str) -> None:
    assert harmless(text) == f"'{text}"


PLAIN = st.from_regex(r"[A-Za-z0-9].*", fullmatch=True)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), PLAIN))
def test_numbers_and_plain_text_are_left_alone(cell: Cell) -> None:
    assert harmless(cell) == cell


@given(st.text())
def test_nothing_that_would_be_run_is_left(text: str) -> None:
    assert not str(harmless(text)).startswith(("=", "+", "-", "@", "\t", "\r"))
