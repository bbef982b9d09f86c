"""Recording readings, one or a batch: each is judged by itself and stored once. A 2xx answer means durably stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from chalicelib.accounts.retention import Retention
from chalicelib.core.errors import Conflict, Invalid, not_found
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import is_in_seconds, refuse_seconds
from chalicelib.devices.model import Device
from chalicelib.ports.model import Port
from chalicelib.ports.store import load_ports_of_device
from chalicelib.readings.batch_locks import turn
from chalicelib.readings.model import (
    MAX_AHEAD_MS,
    MAX_SPAN_MS,
    Chunk,
    PortReading,
    Reading,
    by_port,
    from_thousandths,
    rebase_ms,
    refusal,
    runs,
)
from chalicelib.readings.store import add_chunks, chunk_key, load_batch, load_overlapping_chunks


@dataclass(frozen=True, slots=True)
class Refused:
    """A reading that is not stored, and why; field names what is wrong with it."""

    code: str
    field: str | None = None


REFUSALS = {"in_future": "lies more than five minutes ahead", "too_old": "is older than readings are kept"}
Status = Literal["stored", "duplicate"]
Result = Status | Refused
Identity = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """What became of a batch.

    Attributes:
        results: One for each reading, in the order of the batch.
        rebased_by_ms: How far the readings' times were moved to the server's clock.
        ports: All ports of the device.
    """

    results: list[Result]
    rebased_by_ms: int
    ports: Sequence[Port]


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """What became of a single reading.

    Attributes:
        reading: The reading that is stored of this port and time: the first one that came.
        port: Its port.
        ports: All ports of the device.
    """

    reading: PortReading
    port: Port
    ports: Sequence[Port]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a device.

    Attributes:
        batch_id: The device's name for it; a resend has the same.
        sent_at_ms: The device's clock when it sent this attempt, epoch ms.
        readings: The readings in their order; Refused stands for each that could not be decoded.
        sha256: The digest of all readings, by which a resend is told from another batch.
    """

    batch_id: str
    sent_at_ms: int
    readings: Sequence[Reading | Refused]
    sha256: str


def record_batch(device: Device, batch: Batch, now_ms: int) -> RecordedBatch:
    """Store a batch, each good reading once and at its true time. Sending the batch again changes nothing.

    Args:
        device: The device that sent it.
        batch: The batch.
        now_ms: The server's time, epoch ms.

    Raises:
        Conflict: batch_conflict, when this batch id is stored with other readings.
        Invalid: sentAtMs is in seconds.
    """
    refuse_seconds(batch.sent_at_ms, now_ms, "sentAtMs")
    ports = load_ports_of_device(device.device_uid)
    rebased_by_ms = rebase_ms(batch.sent_at_ms, now_ms)
    port_ids = {port.port_id for port in ports}
    judged = judge(batch.readings, port_ids, device.retention, rebased_by_ms, now_ms)
    with turn(device.device_uid):  # else two batches with one reading would not see each other
        results = _store(device, batch, judged, now_ms)
    return RecordedBatch(results, rebased_by_ms, ports)


class _Stamped(NamedTuple):
    """A reading that may be stored, with its true time, and what it is known by."""

    at_ms: int
    reading: Reading
    identity: Identity


def judge(
    readings: Sequence[Reading | Refused], port_ids: set[str], retention: Retention, rebased_by_ms: int, now_ms: int
) -> list[_Stamped | Refused]:
    """Judge each reading by itself: its true time, or why it is refused."""
    oldest_ms, newest_ms = retention.oldest_ms(now_ms), now_ms + MAX_AHEAD_MS
    stamps = (reading.timestamp_ms + rebased_by_ms for reading in readings if not isinstance(reading, Refused))
    end_ms = min((at_ms for at_ms in stamps if oldest_ms <= at_ms <= newest_ms), default=0) + MAX_SPAN_MS
    last_ms = min(end_ms, newest_ms)
    judged: list[_Stamped | Refused] = []
    for reading in readings:
        if isinstance(reading, Refused):
            judged.append(reading)
            continue
        port_id, at_ms = reading.port_id, reading.timestamp_ms + rebased_by_ms
        is_timely = oldest_ms <= at_ms <= last_ms and not (
            rebased_by_ms and is_in_seconds(reading.timestamp_ms, now_ms)
        )
        if is_timely and port_id in port_ids:
            judged.append(_Stamped(at_ms, reading, (port_id, at_ms)))
        else:
            judged.append(_why_refused(reading, at_ms, port_ids, retention, now_ms))
    return judged


def _why_refused(reading: Reading, at_ms: int, port_ids: set[str], retention: Retention, now_ms: int) -> Refused:
    if reading.port_id not in port_ids:
        return Refused("unknown_port", "portId")
    if is_in_seconds(reading.timestamp_ms, now_ms):
        return Refused("in_seconds", "timestampMs")
    return Refused(refusal(at_ms, now_ms, retention) or "batch_too_long", "timestampMs")


def _store(device: Device, batch: Batch, judged: list[_Stamped | Refused], now_ms: int) -> list[Result]:
    good = [entry for entry in judged if isinstance(entry, _Stamped)]
    if not good:
        return [entry for entry in judged if isinstance(entry, Refused)]
    times = [entry.at_ms for entry in good]
    near = load_overlapping_chunks(device.device_uid, min(times), max(times))
    earlier = [chunk for chunk in near if _is_of(chunk, batch)]
    if not earlier:
        results, new = _sort_out(judged, _identities(near))
        if not new or add_chunks(_chunks(device, batch, new, now_ms), device.retention):
            return results
        earlier = load_batch(device.device_uid, batch.batch_id)
    if any(chunk.batch_sha256 != batch.sha256 for chunk in earlier):
        raise Conflict("This batch id is stored with other readings.", code="batch_conflict", field="batchId")
    return _again(judged, near, earlier)


def _is_of(chunk: Chunk, batch: Batch) -> bool:
    return chunk.chunk_id.rpartition("#")[0] == chunk_key(batch.batch_id).rpartition("#")[0]


def _identities(chunks: Sequence[Chunk]) -> set[Identity]:
    return set().union(*(chunk.identities for chunk in chunks))


def _sort_out(judged: list[_Stamped | Refused], known: set[Identity]) -> tuple[list[Result], list[_Stamped]]:
    results: list[Result] = []
    new: dict[Identity, _Stamped] = {}
    for entry in judged:
        if isinstance(entry, Refused):
            results.append(entry)
        elif entry.identity in known or entry.identity in new:
            results.append("duplicate")
        else:
            new[entry.identity] = entry
            results.append("stored")
    return results, list(new.values())


def _again(judged: list[_Stamped | Refused], near: Sequence[Chunk], earlier: Sequence[Chunk]) -> list[Result]:
    """Results of a resend: what is stored is a duplicate, what the first attempt refused stays refused.

    The clocks may have moved between the attempts, so the batch's own readings are known by the device's stamps.
    """
    known = _identities(near)
    sent = {(port_id, at_ms - chunk.rebased_by_ms) for chunk in earlier for port_id, at_ms in chunk.identities}
    return [
        entry
        if isinstance(entry, Refused)
        else "duplicate"
        if entry.identity in known or (entry.reading.port_id, entry.reading.timestamp_ms) in sent
        else Refused("not_in_first_attempt", "batchId")
        for entry in judged
    ]


def _chunks(device: Device, batch: Batch, new: list[_Stamped], now_ms: int) -> list[Chunk]:
    rebased_by_ms = rebase_ms(batch.sent_at_ms, now_ms)
    return [
        Chunk(
            device.device_uid,
            device.device_id,
            device.owner_id,
            chunk_key(batch.batch_id, number),
            now_ms,
            by_port(run),
            batch.sha256,
            rebased_by_ms,
        )
        for number, run in enumerate(runs([(entry.at_ms, entry.reading) for entry in new]))
    ]


def record_reading(device: Device, reading: PortReading, now_ms: int, *, timed: bool) -> RecordedReading:
    """Store one reading.

    Args:
        device: The device that sent it.
        reading: The reading.
        now_ms: The server's time, epoch ms.
        timed: Whether the device gave the time. A second reading of the same port and time is then a duplicate;
            a reading without a time of its own is always new.

    Raises:
        NotFound: The device has no such port.
        Invalid: The time lies ahead or is too old.
    """
    ports = load_ports_of_device(device.device_uid)
    reading = replace(reading, power=round(reading.power, 3))  # as it is stored
    port = next((port for port in ports if port.port_id == reading.port_id), None)
    if port is None:
        raise not_found("port")
    refuse_time(device, reading.timestamp_ms, now_ms)
    return RecordedReading(_store_one(device, reading, timed, now_ms), port, ports)


def refuse_time(device: Device, at_ms: int, now_ms: int) -> None:
    """Raise Invalid when a time that a device gave lies ahead, or before what is kept of its readings."""
    if code := refusal(at_ms, now_ms, device.retention):
        raise Invalid(f"timestamp {REFUSALS[code]}.", code=code, field="timestamp")


def _store_one(device: Device, reading: PortReading, timed: bool, now_ms: int) -> PortReading:
    batch = f"{reading.port_id}@{reading.timestamp_ms}" if timed else f"{reading.port_id}@{new_id()}"
    columns = by_port([(reading.timestamp_ms, reading)])
    chunk = Chunk(device.device_uid, device.device_id, device.owner_id, chunk_key(batch), now_ms, columns)
    if add_chunks([chunk], device.retention):
        return reading
    (first,) = load_batch(device.device_uid, batch)
    ((at_ms, milliwatts, millivolts, milliamps, _, held_ms),) = first.ports[reading.port_id].rows()
    volts, amps = from_thousandths(millivolts), from_thousandths(milliamps)
    return PortReading(reading.port_id, at_ms, volts, amps, milliwatts / 1_000, held_ms=held_ms)
