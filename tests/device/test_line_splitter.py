from __future__ import annotations

import pytest
from ghostwatt_pi.meters.line_splitter import MAX_LINE_BYTES, LineSplitter
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter()
    found = [line for start in range(0, len(stream), size) for line in splitter.feed(stream[start : start + size])]
    assert found == [line for line in lines if line.strip()]


def test_an_endless_line_is_given_once_and_its_rest_is_skipped() -> None:
    splitter = LineSplitter()
    pieces = [splitter.feed(b"x" * 1000) for _ in range(20)]
    assert [len(line) > MAX_LINE_BYTES for piece in pieces for line in piece] == [True]
    assert splitter.feed(b"xx\nnext\n") == [b"next"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\r"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_every_line_end_that_a_board_may_send_ends_a_line(end: bytes, size: int) -> None:
    stream = (b'{"a":1}' + end) * 30
    splitter = LineSplitter()
    found = [line for start in range(0, len(stream), size) for line in splitter.feed(stream[start : start + size])]
    assert [line.strip() for line in found] == [b'{"a":1}'] * 30
