"""Bodies that are wrong, and what is said of them."""

from __future__ import annotations

import gzip

import pytest

from chalicelib.accounts.schemas import ChangeAccount
from chalicelib.core.decoding import decode
from chalicelib.core.errors import BadRequest, Invalid
from chalicelib.readings.schemas import Batch
from chalicelib.readings.sensor_schemas import RecordSensors


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode(b'\xef\xbb\xbf{"sensors": {"temperature": 20.5}}', RecordSensors).sensors == {"temperature": 20.5}


def test_a_lone_byte_order_mark_is_an_empty_body() -> None:
    with pytest.raises(BadRequest) as refused:
        decode(b"\xef\xbb\xbf", RecordSensors)
    assert refused.value.code == "empty_body"


def test_a_compressed_body_is_called_so() -> None:
    with pytest.raises(BadRequest, match="compressed") as refused:
        decode(gzip.compress(b'{"sensors": {"temperature": 20.5}}'), RecordSensors)
    assert refused.value.code == "bad_json"


@pytest.mark.parametrize("wrong", [b"null", b'"20.5"', b"true", b"1e16", b"[]", b"1e999", b"-1e400"])
def test_the_sensor_that_is_wrong_is_named(wrong: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        decode(b'{"sensors": {"humidity": 40, "soil.1": ' + wrong + b'}, "timestamp": 1}', RecordSensors)
    assert refused.value.field == "sensors.soil.1"


@pytest.mark.parametrize(
    "rest", [b"", b"}", b"}} and more", b', "a": ' + b"[" * 100_000, b', "temperature": 20.5}}', b"}, \xff}"]
)
def test_what_cannot_be_named_is_still_refused(rest: bytes) -> None:
    with pytest.raises((Invalid, BadRequest)):
        decode(b'{"sensors": {"temperature": null' + rest, RecordSensors)


@pytest.mark.parametrize("wrong", [b"NaN", b"Infinity", b"-Infinity"])
@pytest.mark.parametrize(
    ("body", "into", "field"),
    [
        (b'{"sensors": {"humidity": 40, "soil.1": %b}}', RecordSensors, "sensors.soil.1"),
        (b'{"sensors": {"humidity": 40}, "timestamp": %b}', RecordSensors, "timestamp"),
        (b'{"batchId": "b", "sentAtMs": 1, "readings": [{"power": 1}, {"power": %b}]}', Batch, "readings[1].power"),
        (b'{"tariffPerKwh": %b}', ChangeAccount, "tariffPerKwh"),
    ],
)
def test_what_is_no_number_is_named(body: bytes, into: type, field: str, wrong: bytes) -> None:
    with pytest.raises(BadRequest, match="no NaN and no Infinity") as refused:
        decode(body % wrong, into)
    assert (refused.value.code, refused.value.field) == ("bad_json", field)


@pytest.mark.parametrize("sent", [b"1795973763000000", b"1795973763000000000"])
def test_microseconds_and_nanoseconds_are_called_so(sent: bytes) -> None:
    with pytest.raises(Invalid, match="microseconds and nanoseconds are not taken") as refused:
        decode(b'{"batchId": "b", "sentAtMs": %b, "readings": []}' % sent, Batch)
    assert refused.value.field == "sentAtMs"
