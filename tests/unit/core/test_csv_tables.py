"""What a spreadsheet is given to open."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.csv_tables import Cell, escape_formula


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=", "-", "\uff1d1"])
def test_text_that_would_be_run_has_an_apostrophe_before_it(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


PLAIN = st.from_regex(r"[A-Za-z0-9].*", fullmatch=True)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), PLAIN))
def test_numbers_and_plain_text_are_left_alone(cell: Cell) -> None:
    assert escape_formula(cell) == cell


@pytest.mark.parametrize("text", ["\t1", "\r1", "\n1"])
def test_a_blank_that_a_spreadsheet_drops_has_an_apostrophe_before_it(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x; =1+1", "x; '=1+1"),
        ("x\t@SUM(A1)", "x\t'@SUM(A1)"),
        ("x\n-1", "x\n'-1"),
        ("x\r\n+1;=2", "x\r\n'+1;'=2"),
        ("\t=1", "'\t'=1"),
        ("a=b; c-d", "a=b; c-d"),
    ],
)
def test_a_formula_behind_what_parts_cells_elsewhere_has_one_too(text: str, shown: str) -> None:
    assert escape_formula(text) == shown


@given(st.text(alphabet=st.sampled_from("=+-@;\t\r\n x1'\uff1d")))
def test_nothing_that_would_be_run_is_left(text: str) -> None:
    for cell in re.split(r"[;\t\r\n]", str(escape_formula(text))):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
