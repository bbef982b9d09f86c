"""Handlers of a device's messages: decode, store, reply. HTTP and MQTT call the same functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chalicelib.core import clock, rate_limits, telemetry
from chalicelib.core.decoding import invalid
from chalicelib.core.times import epoch_ms, iso, refuse_seconds
from chalicelib.detection.device_reply import reply_to_device
from chalicelib.detection.relay_reports import apply_relay_reports
from chalicelib.detection.reply_schemas import DeviceReply, Heartbeat, reply_answer, reply_fields
from chalicelib.detection.status_by_watts import status_of_reading
from chalicelib.devices.model import Device
from chalicelib.devices.presence import record_agent_report
from chalicelib.ports.store import load_ports_of_device
from chalicelib.readings import schemas, sensor_schemas
from chalicelib.readings.model import PortReading
from chalicelib.readings.sensor_service import record_sensors
from chalicelib.readings.service import Batch, RecordedReading, Refused, Result, record_batch, record_reading

_ALL = msgspec.json.Decoder(list[schemas.BatchReading])
_ONE = msgspec.json.Decoder(schemas.BatchReading)


def handle_heartbeat(device: Device, said: Heartbeat, now_ms: int) -> DeviceReply:
    """A device lives, and says what it did with its relays. Raises Invalid: sentAtMs in seconds."""
    if said.sent_at_ms is not None:
        now_ms = clock.witnessed(said.sent_at_ms, now_ms)
    refuse_seconds(said.sent_at_ms, now_ms, "sentAtMs")
    device = record_agent_report(device, said.agent_version, said.dropped_readings, now_ms)
    ports = apply_relay_reports(device, said.relays, now_ms)
    return reply_answer(reply_to_device(device, ports, now_ms))


def handle_sensors(device: Device, said: sensor_schemas.RecordSensors, now_ms: int) -> sensor_schemas.SensorsAnswer:
    """What a device's free sensors say; without a timestamp it is of now. Raises Invalid: timestamp, sensors."""
    at_ms = now_ms if said.timestamp is None else epoch_ms(said.timestamp)
    duplicates = record_sensors(device, said.sensors, at_ms, now_ms, timed=said.timestamp is not None)
    reply = reply_to_device(device, load_ports_of_device(device.device_uid), now_ms)
    return sensor_schemas.SensorsAnswer(duplicates=duplicates or msgspec.UNSET, **reply_fields(reply))


def handle_reading(device: Device, said: schemas.Reading, now_ms: int) -> schemas.OneReadingAnswer:
    """One reading of one outlet; without a timestamp it is of now.

    Raises NotFound: port; Invalid: timestamp; TooMany.
    """
    rate_limits.take_readings(device.device_id, 1, now_ms)
    at_ms = now_ms if said.timestamp is None else epoch_ms(said.timestamp)
    given = PortReading(said.port_id, at_ms, said.voltage, said.current, said.power, said.energy)
    stored = record_reading(device, given, now_ms, timed=said.timestamp is not None)
    reply = reply_to_device(device, stored.ports, now_ms, has_readings=True)
    return schemas.OneReadingAnswer(message="Reading stored", data=_data(stored), **reply_fields(reply))


def _data(stored: RecordedReading) -> schemas.OneReadingData:
    reading = stored.reading
    shown = schemas.StoredReading(
        id=f"{reading.port_id}@{reading.timestamp_ms}",
        voltage=reading.voltage,
        current=reading.current,
        power=reading.power,
        timestamp=iso(reading.timestamp_ms),
    )
    judged = status_of_reading(stored.port, reading.power)
    return schemas.OneReadingData(reading=shown, phantom_detected=judged.phantom_detected, port_status=judged.status)


def handle_batch(device: Device, said: schemas.Batch, now_ms: int) -> schemas.BatchAnswer:
    """A batch, each reading judged by itself. Raises Conflict: batch_conflict; TooMany, and then nothing is stored."""
    now_ms = clock.witnessed(said.sent_at_ms, now_ms)
    rate_limits.take_readings(device.device_id, len(said.readings), now_ms)
    decoded, sha256 = _decode(said.readings)
    recorded = record_batch(device, Batch(said.batch_id, said.sent_at_ms, decoded, sha256), now_ms)
    reply = reply_to_device(device, recorded.ports, now_ms, has_readings=True)
    _measure(said.batch_id, recorded.results)
    return schemas.BatchAnswer(
        results=[_result(index, result) for index, result in enumerate(recorded.results)],
        rebased_by_ms=recorded.rebased_by_ms or msgspec.UNSET,
        **reply_fields(reply),
    )


def _decode(raw: list[msgspec.Raw]) -> tuple[Sequence[Refused | schemas.BatchReading], str]:
    """The readings, and the digest of what they say; the usual batch, in which all are well, is decoded in one go."""
    whole = b"[" + b",".join(bytes(given) for given in raw) + b"]"
    try:
        decoded = _ALL.decode(whole)
    except (msgspec.ValidationError, UnicodeDecodeError):
        return [_decode_one(given) for given in raw], hashlib.sha256(whole).hexdigest()
    return decoded, hashlib.sha256(msgspec.msgpack.encode(decoded)).hexdigest()


def _decode_one(raw: msgspec.Raw) -> schemas.BatchReading | Refused:
    try:
        return _ONE.decode(raw)
    except msgspec.ValidationError as error:
        return Refused("invalid", invalid(error).field)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refused("invalid")


def _measure(batch_id: str, results: Sequence[Result]) -> None:
    """The batch's id is part of its chunks' keys: by it, a batch is found again in the logs of the stream."""
    stored, duplicate = results.count("stored"), results.count("duplicate")
    metrics = {"ReadingsStored": stored, "ReadingsDuplicate": duplicate}
    telemetry.measure({**metrics, "ReadingsRejected": len(results) - stored - duplicate}, batchId=batch_id)


def _result(index: int, result: Result) -> schemas.ReadingResult:
    if isinstance(result, Refused):
        return schemas.ReadingResult(index=index, status="rejected", code=result.code, field=result.field)
    return schemas.ReadingResult(index=index, status=result)
