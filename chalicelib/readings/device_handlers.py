"""Handlers of a device's messages: decode, store, reply. HTTP and MQTT call the same functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chalicelib.core import clock, rate_limits, telemetry
from chalicelib.core.decoding import invalid
from chalicelib.core.times import epoch_ms, refuse_seconds
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
from chalicelib.readings.service import Batch, Refused, Result, record_batch, record_reading

_ALL = msgspec.json.Decoder(list[schemas.BatchReading])
_ONE = msgspec.json.Decoder(schemas.BatchReading)


def handle_heartbeat(device: Device, heartbeat: Heartbeat, now_ms: int) -> DeviceReply:
    """Note that a device is running, and apply what it reports of itself and its relays.

    Raises:
        Invalid: sentAtMs is in seconds.
        Unavailable: A port kept changing meanwhile.
    """
    if heartbeat.sent_at_ms is not None:
        now_ms = clock.witnessed(heartbeat.sent_at_ms, now_ms)
    refuse_seconds(heartbeat.sent_at_ms, now_ms, "sentAtMs")
    device = record_agent_report(device, heartbeat.agent_version, heartbeat.dropped_readings, now_ms)
    ports = apply_relay_reports(device, heartbeat.relays, now_ms)
    return reply_answer(reply_to_device(device, ports, now_ms))


def handle_sensors(device: Device, log: sensor_schemas.RecordSensors, now_ms: int) -> sensor_schemas.SensorsAnswer:
    """Store values of custom sensors; without a timestamp they are of now.

    Raises:
        Invalid: The timestamp lies ahead or is too old, or there are too many sensors at one time.
    """
    at_ms = now_ms if log.timestamp is None else epoch_ms(log.timestamp)
    duplicates = record_sensors(device, log.sensors, at_ms, now_ms, timed=log.timestamp is not None)
    reply = reply_to_device(device, load_ports_of_device(device.device_uid), now_ms)
    return sensor_schemas.SensorsAnswer(duplicates=duplicates or msgspec.UNSET, **reply_fields(reply))


def handle_reading(device: Device, reading: schemas.Reading, now_ms: int) -> schemas.OneReadingAnswer:
    """Store one reading; without a timestamp it is of now.

    Raises:
        NotFound: The device has no such port.
        Invalid: The timestamp lies ahead or is too old.
        TooMany: The device sends more readings than its limit.
    """
    rate_limits.take_readings(device.device_id, 1, now_ms)
    at_ms = now_ms if reading.timestamp is None else epoch_ms(reading.timestamp)
    given = PortReading(
        reading.port_id, at_ms, reading.voltage, reading.current, reading.power, reading.energy, reading.held_ms
    )
    stored = record_reading(device, given, now_ms, timed=reading.timestamp is not None)
    reply = reply_to_device(device, stored.ports, now_ms, has_readings=True)
    data = schemas.one_reading_data(stored.reading, status_of_reading(stored.port, stored.reading.power))
    return schemas.OneReadingAnswer(message="Reading stored", data=data, **reply_fields(reply))


def handle_batch(device: Device, batch: schemas.Batch, now_ms: int) -> schemas.BatchAnswer:
    """Store a batch; each reading is accepted or rejected by itself.

    Raises:
        Conflict: batch_conflict, when this batch id is stored with other readings.
        Invalid: sentAtMs is in seconds.
        TooMany: The device sends more readings than its limit; nothing is stored.
    """
    now_ms = clock.witnessed(batch.sent_at_ms, now_ms)
    rate_limits.take_readings(device.device_id, len(batch.readings), now_ms)
    decoded, sha256 = decode_readings(batch.readings)
    recorded = record_batch(device, Batch(batch.batch_id, batch.sent_at_ms, decoded, sha256), now_ms)
    reply = reply_to_device(device, recorded.ports, now_ms, has_readings=True)
    _measure(batch.batch_id, recorded.results)
    return schemas.BatchAnswer(
        results=[schemas.reading_result(index, result) for index, result in enumerate(recorded.results)],
        rebased_by_ms=recorded.rebased_by_ms or msgspec.UNSET,
        **reply_fields(reply),
    )


def decode_readings(raw: list[msgspec.Raw]) -> tuple[Sequence[Refused | schemas.BatchReading], str]:
    """Decode readings. A batch without a bad one, the usual case, is decoded in one go.

    Returns:
        The readings, Refused for each bad one; and the SHA-256 of them all.
    """
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
    """Count the results. The log line names the batch, whose id is in the keys of its chunks: the stream logs those."""
    stored, duplicate = results.count("stored"), results.count("duplicate")
    metrics = {"ReadingsStored": stored, "ReadingsDuplicate": duplicate}
    telemetry.measure({**metrics, "ReadingsRejected": len(results) - stored - duplicate}, batchId=batch_id)
