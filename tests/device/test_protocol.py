from __future__ import annotations

import contextlib
import json

import pytest
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.line_errors import BadLine
from ghostwatt_pi.meters.protocol import (
    MAX_LINE_BYTES,
    Acknowledgement,
    Hello,
    Line,
    LineSplitter,
    SensorError,
    add_checksum,
    command_line,
    crc16,
    has_valid_checksum,
    parse_line,
)
from hypothesis import given
from hypothesis import strategies as st

READING = b'{"port": 2, "voltage": 230.1, "current": 0.4, "power": 92.0}'
COMMAND = b'{"port": 2, "relay": "off"}'


def with_checksum(text: bytes) -> bytes:
    return text[:-1] + b',"crc":%d}' % crc16(text[:-1])


def parse(text: bytes, *, with_crc: bool = False) -> Line:
    return parse_line(text, 1000, with_crc=with_crc)[0]


def sort_of(text: bytes, *, with_crc: bool = False) -> str:
    with pytest.raises(BadLine) as caught:
        parse(text, with_crc=with_crc)
    return caught.value.sort


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (READING, Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (b'{"voltage":230,"current":0,"power":0}\r', Measurement(1, 1000, 230.0, 0.0, 0.0)),
        (b'{"port": 1, "relay": "on"}', Acknowledgement(1, "on", done=True)),
        (b'{"port": 1, "relay": "off", "ok": true}', Acknowledgement(1, "off", done=True)),
        (b'{"port": 9, "relay": "off", "ok": false}', Acknowledgement(9, "off", done=False)),
        (b'{"hello": "ghostwatt"}', Hello()),
        (READING[:-1] + b', "error": 0}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "error": null}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "error": ""}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "error": false}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "error": "overrange"}', SensorError(2)),
        (READING[:-1] + b', "error": 3}', SensorError(2)),
        (READING[:-1] + b', "error": true}', SensorError(2)),
        (READING[:-1] + b', "relay": "on"}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "relay": true, "ok": 1}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + b', "hello": "ghostwatt"}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (READING[:-1] + ', "unit": "°C", "name": "Küche 電視"}'.encode(), Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (
            b'{"port": "2", "voltage": "230.1", "current": ".4", "power": "9.2e1"}',
            Measurement(2, 1000, 230.1, 0.4, 92.0),
        ),
        (b'{"port": 2.0, "voltage": 230.1, "current": 0.4, "power": 92}', Measurement(2, 1000, 230.1, 0.4, 92.0)),
        (b'{"port": 4, "error": "no_answer"}', SensorError(4)),
        (b'{"error": "no_answer"}', SensorError()),
        (b'{"port": 2, "voltage": null, "current": null, "power": 5.5}', Measurement(2, 1000, None, None, 5.5)),
        (b'{"voltage": 230, "current": null, "power": 5}', Measurement(1, 1000, 230.0, None, 5.0)),
    ],
)
def test_a_line_says_what_it_says_with_a_checksum_and_without(text: bytes, line: Line) -> None:
    assert parse(text) == line
    assert parse(with_checksum(text.strip()), with_crc=True) == line


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        (b"hello", "not_json"),
        (b"\xff\xfe\x00", "garbled"),
        (READING[:30], "half_line"),
        (READING[30:], "half_line"),
        (b"x" * (MAX_LINE_BYTES + 1), "too_long"),
        (b"[" * 900, "not_json"),
        (b"[1, 2]", "not_a_reading"),
        (b'{"voltage": 230.1}', "not_a_reading"),
        (b'{"voltage": [], "current": 0, "power": 0}', "not_a_reading"),
        (b'{"port": 1e999, "voltage": 1, "current": 0, "power": 0}', "not_a_reading"),
        (b'{"voltage": NaN, "current": 0, "power": 0}', "out_of_range"),
        (b'{"port": 99, "voltage": 230, "current": 0, "power": 0}', "out_of_range"),
        (READING.replace(b"92.0", b"1" + b"0" * 400), "out_of_range"),
        (READING[:-1] + b', "name": "\x85"}', "garbled"),
        (READING[:-1] + ', "name": "\x85"}'.encode(), "garbled"),
        (b'{"port": 2, "error": 0}', "not_a_reading"),
        (b'{"port": 2, "relay": "dim"}', "not_a_reading"),
        (b'{"port": 2, "error": null, "voltage": null, "current": null, "power": null}', "not_a_reading"),
        (with_checksum(READING).replace(b"92", b"93"), "bad_crc"),
        (READING[:-1] + b',"crc":"x"}', "bad_crc"),
    ],
)
def test_a_bad_line_has_a_sort(text: bytes, sort: str) -> None:
    assert sort_of(text) == sort


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"voltage": true, "current": 0.4, "power": 92}', "voltage is true"),
        (b'{"voltage": 230, "current": "0_4", "power": 92}', 'current is "0_4"'),
        (b'{"voltage": 230, "current": 0.4, "power": "2_3"}', 'power is "2_3"'),
        (b'{"voltage": 230, "current": 0.4, "power": "nan"}', 'power is "nan"'),
        (b'{"voltage": 230, "current": 0.4}', "power is missing"),
        (b'{"port": 1.9, "voltage": 230, "current": 0.4, "power": 92}', "port is 1.9"),
        (b'{"port": true, "voltage": 230, "current": 0.4, "power": 92}', "port is True"),
        (b'{"port": null, "voltage": 230, "current": 0.4, "power": 92}', "port is None"),
        (b'{"port": "1_0", "voltage": 230, "current": 0.4, "power": 92}', "port is '1_0'"),
        (b'{"port": 1.9, "relay": "on"}', "port is 1.9"),
    ],
)
def test_a_field_that_is_no_number_is_named(text: bytes, why: str) -> None:
    with pytest.raises(BadLine) as caught:
        parse(text)
    assert (caught.value.sort, caught.value.why) == ("not_a_reading", why)


def test_the_relays_state_in_a_reading_is_kept() -> None:
    for state in ("on", "off"):
        line = parse(READING[:-1] + b', "relay": "%s"}' % state.encode())
        assert isinstance(line, Measurement)
        assert line.relay == state


def test_once_lines_have_checksums_one_without_is_bad() -> None:
    assert sort_of(READING, with_crc=True) == "bad_crc"


def test_a_damaged_line_end_costs_only_its_own_line() -> None:
    assert parse(b"garbage\xff" + READING) == parse(READING)


@given(st.integers(0, len(with_checksum(READING)) - 1), st.integers(0, 7))
def test_a_flipped_bit_in_a_line_with_a_checksum_never_makes_another_reading(at: int, bit: int) -> None:
    flipped = bytearray(with_checksum(READING))
    flipped[at] ^= 1 << bit
    try:
        line = parse(bytes(flipped), with_crc=True)
    except BadLine:
        return
    assert line == parse(READING)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(noise: bytes) -> None:
    with contextlib.suppress(BadLine):
        parse(noise)


def test_a_command_carries_a_checksum_when_the_arduino_does() -> None:
    assert command_line(2, "off", with_crc=False) == b'{"port": 2, "relay": "off"}\n'
    command = command_line(2, "off", with_crc=True)
    assert parse(command, with_crc=True) == Acknowledgement(2, "off", done=True)
    assert json.loads(command)["crc"] == crc16(b'{"port": 2, "relay": "off"')


def test_the_checksum_is_the_one_of_modbus() -> None:
    assert crc16(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS in the catalogue of CRC algorithms


def test_a_text_without_a_checksum_has_no_valid_one() -> None:
    assert has_valid_checksum(add_checksum(COMMAND))
    assert not has_valid_checksum(COMMAND)


@given(st.integers(0, len(COMMAND) - 2), st.integers(0, 7))
def test_a_flipped_bit_breaks_the_checksum(at: int, bit: int) -> None:
    flipped = bytearray(add_checksum(COMMAND))
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
