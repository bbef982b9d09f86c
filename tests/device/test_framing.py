from __future__ import annotations

import pytest
from ghostwatt_pi.meters.framing import MAX_LINE_BYTES, LineSplitter, add_checksum, crc16, has_valid_checksum
from hypothesis import given
from hypothesis import strategies as st

TEXT = b'{"port": 2, "relay": "off"}'


def test_the_checksum_is_the_one_of_modbus() -> None:
    assert crc16(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS in the catalogue of CRC algorithms


def test_a_text_without_a_checksum_is_not_sealed() -> None:
    assert has_valid_checksum(add_checksum(TEXT))
    assert not has_valid_checksum(TEXT)


@given(st.integers(0, len(TEXT) - 2), st.integers(0, 7))
def test_a_flipped_bit_breaks_the_seal(at: int, bit: int) -> None:
    flipped = bytearray(add_checksum(TEXT))
    flipped[at] ^= 1 << bit
    assert not has_valid_checksum(bytes(flipped))


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter()
    lines_seen = [line for start in range(0, len(stream), size) for line in splitter.feed(stream[start : start + size])]
    assert lines_seen == [line for line in lines if line.strip()]


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
    lines_seen = [line for start in range(0, len(stream), size) for line in splitter.feed(stream[start : start + size])]
    assert [line.strip() for line in lines_seen] == [b'{"a":1}'] * 30
