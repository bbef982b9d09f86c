"""Routes of readings: one, or a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from chalice.app import Blueprint

from chalicelib.api.decoding import invalid
from chalicelib.api.http import Call, Who, route
from chalicelib.api.replies import reply_fields
from chalicelib.domain.times import epoch_ms, iso
from chalicelib.services import devices, record, record_one
from chalicelib.wire import readings as wire

blueprint = Blueprint(__name__)
_ALL = msgspec.json.Decoder(list[wire.BatchReading])
_ONE = msgspec.json.Decoder(wire.BatchReading)


@route(blueprint, "POST", "/sensor/reading", body=wire.OneReading, answers=wire.OneReadingAnswer)
def record_reading(call: Call[wire.OneReading]) -> wire.OneReadingAnswer:
    """Store one reading; the device shows its key as deviceToken"""
    body = call.body
    device = devices.authenticate(body.device_token, call.now_ms)
    at_ms = call.now_ms if body.timestamp is None else epoch_ms(body.timestamp)
    reading = record_one.Reading(body.port_id, at_ms, body.voltage, body.current, body.power)
    stored, reply = record_one.record_one(device, reading, body.timestamp is not None, call.now_ms)
    return wire.OneReadingAnswer(message="Reading stored", data=_data(stored), **reply_fields(reply))


def _data(stored: record_one.RecordedOne) -> wire.OneReadingData:
    reading = wire.StoredReading(
        id=stored.reading_id,
        voltage=stored.reading.voltage,
        current=stored.reading.current,
        power=stored.reading.power,
        timestamp=iso(stored.reading.timestamp_ms),
    )
    return wire.OneReadingData(reading=reading, phantom_detected=stored.phantom_detected, port_status=stored.status)


@route(blueprint, "POST", "/sensor/readings", body=wire.Batch, answers=wire.BatchAnswer, who=Who.DEVICE)
def record_readings(call: Call[wire.Batch]) -> wire.BatchAnswer:
    """Store a batch of readings, each judged by itself; sending it again changes nothing"""
    readings, sha256 = _decode(call.body.readings)
    batch = record.Batch(call.body.batch_id, call.body.sent_at_ms, readings, sha256)
    recorded, reply = record.record(call.device, batch, call.now_ms)
    return wire.BatchAnswer(
        results=[_result(index, result) for index, result in enumerate(recorded.results)],
        rebased_by_ms=recorded.rebased_by_ms or msgspec.UNSET,
        **reply_fields(reply),
    )


def _decode(raw: list[msgspec.Raw]) -> tuple[Sequence[record.Refused | wire.BatchReading], str]:
    """The readings, and the digest of what they say; the usual batch, in which all are well, is decoded in one go."""
    whole = b"[" + b",".join(bytes(reading) for reading in raw) + b"]"
    try:
        readings = _ALL.decode(whole)
    except (msgspec.ValidationError, UnicodeDecodeError):
        return [_decode_one(reading) for reading in raw], hashlib.sha256(whole).hexdigest()
    return readings, hashlib.sha256(msgspec.msgpack.encode(readings)).hexdigest()


def _decode_one(raw: msgspec.Raw) -> wire.BatchReading | record.Refused:
    try:
        return _ONE.decode(raw)
    except msgspec.ValidationError as error:
        return record.Refused("invalid", invalid(error).field)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return record.Refused("invalid")


def _result(index: int, result: record.Result) -> wire.ReadingResult:
    if isinstance(result, record.Refused):
        return wire.ReadingResult(index=index, status="rejected", code=result.code, field=result.field)
    return wire.ReadingResult(index=index, status=result)
