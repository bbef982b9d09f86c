"""Recording one reading, or one log of free sensors, with the time the device gives or the time of now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.core.errors import Invalid, Unavailable, not_found
from chalicelib.core.identifiers import new_id
from chalicelib.detection import phantom
from chalicelib.detection import store as states
from chalicelib.detection.port_state import PortState
from chalicelib.devices.model import Device
from chalicelib.ports import store as port_store
from chalicelib.ports.model import Port
from chalicelib.readings import store
from chalicelib.readings.device_reply import DeviceReply
from chalicelib.readings.model import Chunk, SensorLog, by_port, merged_sensors, refusal
from chalicelib.readings.reply_service import reply_to

TRIES = 10
"""Programs that log other sensors of the same second at the same moment: look again."""
REFUSALS = {"in_future": "lies more than five minutes ahead", "too_old": "is older than readings are kept"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: volts, amps and watts of a port at epoch milliseconds; energy is its meter's counter in Wh."""

    port_id: str
    timestamp_ms: int
    voltage: float
    current: float
    power: float
    energy: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedOne:
    """The reading as it is stored (the first of its time wins), and what it means by itself."""

    reading_id: str
    reading: Reading
    phantom_detected: bool
    status: Literal["active", "standby", "off"]


def record_one(device: Device, reading: Reading, timed: bool, now_ms: int) -> tuple[RecordedOne, DeviceReply]:
    """Store one reading; `timed` says that its time is the device's own, and so that a second one is a duplicate.

    Raises NotFound (port), Invalid (timestamp).
    """
    ports = port_store.of_device(device.device_uid)
    reading = replace(reading, power=round(reading.power, 3))  # as it is stored
    port = next((port for port in ports if port.port_id == reading.port_id), None)
    if port is None:
        raise not_found("port")
    _check_time(device, reading.timestamp_ms, now_ms)
    stored = _store(device, reading, timed, now_ms)
    return _judge(port, stored), reply_to(device, ports, now_ms, has_readings=True)


def _check_time(device: Device, at_ms: int, now_ms: int) -> None:
    if code := refusal(at_ms, now_ms, device.retention):
        raise Invalid(f"timestamp {REFUSALS[code]}.", code=code, field="timestamp")


def _store(device: Device, reading: Reading, timed: bool, now_ms: int) -> Reading:
    batch = f"{reading.port_id}@{reading.timestamp_ms}" if timed else f"{reading.port_id}@{new_id()}"
    columns = by_port([(reading.timestamp_ms, reading)])
    chunk = Chunk(device.device_uid, device.device_id, device.owner_id, store.chunk_key(batch), now_ms, columns)
    if store.add([chunk], device.retention):
        return reading
    (first,) = store.load_batch(device.device_uid, batch)
    kept = first.ports[reading.port_id]
    volts, amps, watts = kept.millivolts[0] / 1_000, kept.milliamps[0] / 1_000, kept.milliwatts[0] / 1_000
    return Reading(reading.port_id, kept.times_ms[0], volts, amps, watts)


def _judge(port: Port, reading: Reading) -> RecordedOne:
    threshold_watts = port.threshold_watts or _learned_watts(port)
    return RecordedOne(
        reading_id=f"{reading.port_id}@{reading.timestamp_ms}",
        reading=reading,
        phantom_detected=threshold_watts is not None and 0 < reading.power < threshold_watts,
        status=phantom.status(reading.power, threshold_watts),
    )


def _learned_watts(port: Port) -> float | None:
    known = states.load(port.device_uid).ports.get(port.port_id, PortState())
    return phantom.threshold_watts(known.detector, port.rule)


def record_sensors(
    device: Device, values: dict[str, float], at_ms: int, timed: bool, now_ms: int
) -> tuple[list[str], DeviceReply]:
    """Store a log of free sensors; without a time of the device's own (`timed`) it is always new.

    Logs of one time are one: of each sensor the first value that was stored stays. Raises Invalid.

    Returns:
        The names of the sensors that had a value of this time already, and the reply.
    """
    _check_time(device, at_ms, now_ms)
    log = SensorLog(device.device_uid, device.device_id, device.owner_id, at_ms, values)
    duplicates: list[str] = []
    while not store.add_sensors(log, device.retention, now_ms):
        if timed:
            duplicates = _merge(log)
            break
        log = replace(log, at_ms=log.at_ms + 1)
    return duplicates, reply_to(device, port_store.of_device(device.device_uid), now_ms)


def _merge(log: SensorLog) -> list[str]:
    """Add a log to the one that is stored of its time; the names that are in both."""
    for _ in range(TRIES):
        known = store.load_sensors(log.device_uid, log.at_ms)
        if known is None:
            break
        together = merged_sensors(known.values, log.values)
        if together == known.values or store.save_sensor_values(known, together):
            return sorted(log.values.keys() & known.values.keys())
    raise Unavailable("Other sensors are being stored; try again.", code="busy", retry_after_seconds=1)
