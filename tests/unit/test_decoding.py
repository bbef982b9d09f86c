"""Bodies that are wrong, and what is said of them."""

from __future__ import annotations

import gzip

import pytest

from chalicelib.decoding import decode
from chalicelib.domain.errors import BadRequest, Invalid
from chalicelib.wire.devices import RecordSensors


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


@pytest.mark.parametrize("wrong", [b"null", b'"20.5"', b"true", b"1e16", b"[]"])
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
