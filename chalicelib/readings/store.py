"""Readings as they came: chunks of watts and logs of custom sensors, under their device.

An item's key is its batch, so a resend is the same item whatever its clock says. An index finds items by their end:
a device that sends live readings, all newer than what is stored, finds nothing to look through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import IncludeProjection, LocalSecondaryIndex

from chalicelib.accounts.retention import Retention
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.core.pagination import load_page, start_key
from chalicelib.core.times import LATEST_MS
from chalicelib.readings import chunk_codec
from chalicelib.readings.model import REACH_MS, Chunk, SensorLog

WATTS = "watts"
SENSORS = "sensors"


class ByTime(LocalSecondaryIndex["ReadingItem"]):
    class Meta:
        index_name = "by_time"
        projection = IncludeProjection(["first_ms"])

    device_uid = UnicodeAttribute(hash_key=True)
    time_key = UnicodeAttribute(range_key=True)
    chunk_id = UnicodeAttribute()
    first_ms = NumberAttribute()


class ReadingItem(Item):
    class Meta:
        table_name = table_name("readings")

    device_uid = UnicodeAttribute(hash_key=True)
    chunk_id = UnicodeAttribute(range_key=True)
    time_key = UnicodeAttribute()
    first_ms = NumberAttribute()
    device_id = UnicodeAttribute()
    owner_id = UnicodeAttribute()
    stored_at_ms = NumberAttribute()
    expires_at = NumberAttribute()
    batch_sha256 = UnicodeAttribute(null=True)
    rebased_by_ms = NumberAttribute(null=True)
    watts = BinaryAttribute(legacy_encoding=False, null=True)
    sensors = DataAttribute(dict[str, float], null=True)
    by_time = ByTime()


def chunk_key(batch: str, number: int = 0) -> str:
    """The key of the number-th chunk of a batch."""
    return f"{WATTS}#{batch}#{number}"


def _time_key(kind: str, at_ms: int) -> str:
    return f"{kind}#{at_ms:013d}"


def _chunk(item: ReadingItem) -> Chunk:
    return Chunk(
        device_uid=item.device_uid,
        device_id=item.device_id,
        owner_id=item.owner_id,
        chunk_id=item.chunk_id,
        stored_at_ms=int(item.stored_at_ms),
        ports=chunk_codec.unpack(item.watts or b""),
        batch_sha256=item.batch_sha256 or "",
        rebased_by_ms=int(item.rebased_by_ms or 0),
    )


def _chunk_item(chunk: Chunk, retention: Retention) -> ReadingItem:
    return ReadingItem(
        chunk.device_uid,
        chunk.chunk_id,
        time_key=_time_key(WATTS, chunk.last_ms),
        first_ms=chunk.first_ms,
        device_id=chunk.device_id,
        owner_id=chunk.owner_id,
        stored_at_ms=chunk.stored_at_ms,
        expires_at=retention.expires_at_ms(chunk.last_ms) // 1_000,
        batch_sha256=chunk.batch_sha256,
        rebased_by_ms=chunk.rebased_by_ms or None,
        watts=chunk_codec.pack(chunk.ports),
    )


def add_chunks(chunks: list[Chunk], retention: Retention) -> bool:
    """Store the chunks of one batch, all or none; False when the batch is stored already."""
    new = ReadingItem.chunk_id.does_not_exist()
    if len(chunks) == 1:
        return _chunk_item(chunks[0], retention).save_if(new)
    write = Transaction()
    for chunk in chunks:
        write.save(_chunk_item(chunk, retention), condition=new)
    return write.commit()


def load_batch(device_uid: str, batch: str) -> list[Chunk]:
    """The chunks of a batch, none if it is not stored."""
    prefix = ReadingItem.chunk_id.startswith(f"{WATTS}#{batch}#")
    return [_chunk(item) for item in ReadingItem.query(device_uid, prefix, consistent_read=True)]


def load_overlapping_chunks(device_uid: str, first_ms: int, last_ms: int) -> list[Chunk]:
    """The stored chunks that may hold readings of these times, as they are at this moment; the first stored first."""
    keys = [
        (device_uid, found.chunk_id)
        for found in ReadingItem.by_time.query(
            device_uid, _between(WATTS, first_ms, last_ms + REACH_MS), consistent_read=True
        )
        if found.first_ms <= last_ms
    ]
    return sorted(_load(keys), key=_stored)


def _stored(chunk: Chunk) -> tuple[int, str]:
    return chunk.stored_at_ms, chunk.chunk_id


def load_chunks_with_neighbours(device_uid: str, first_ms: int, last_ms: int) -> list[Chunk]:
    """The stored chunks of these times, and of all times up to a reading that held in them; the first stored first.

    So a reading that ends later has all readings before it, at which the time that it held is clipped.
    """
    chunks = load_overlapping_chunks(device_uid, first_ms, last_ms)
    until_ms = max((columns.last_held_ms(last_ms) for chunk in chunks for columns in chunk.ports.values()), default=0)
    if until_ms <= last_ms:
        return chunks
    later = load_overlapping_chunks(device_uid, last_ms + 1, until_ms)
    return sorted({chunk.chunk_id: chunk for chunk in (*chunks, *later)}.values(), key=_stored)


def load_reading_span_ms(device_uid: str) -> tuple[int, int] | None:
    """Where the first chunk of a device (by its end) begins and the last one ends, None without any."""
    ends = [next(_ends(device_uid, forward=forward), None) for forward in (True, False)]
    return None if ends[0] is None or ends[1] is None else (int(ends[0].first_ms), _ended_at_ms(ends[1].time_key))


def load_next_chunk_ms(device_uid: str, at_ms: int) -> int | None:
    """Where the first chunk (by its end) that ends at or after a time begins, None without any.

    Later ones begin at most REACH_MS before it.
    """
    found = next(_ends(device_uid, at_ms), None)
    return None if found is None else int(found.first_ms)


def _ends(device_uid: str, first_ms: int = 0, *, forward: bool = True) -> Iterator[ByTime]:
    watts = _between(WATTS, first_ms, LATEST_MS)
    found = ReadingItem.by_time.query(device_uid, watts, scan_index_forward=forward, limit=1, consistent_read=True)
    return cast("Iterator[ByTime]", found)


def _ended_at_ms(time_key: str) -> int:
    return int(time_key.rpartition("#")[2])


def _between(kind: str, first_ms: int, last_ms: int) -> Condition:
    return ReadingItem.time_key.between(_time_key(kind, max(first_ms, 0)), _time_key(kind, last_ms))


def _load(keys: list[tuple[str, str]]) -> Iterator[Chunk]:
    for item in ReadingItem.batch_get(keys, consistent_read=True) if keys else ():
        yield _chunk(item)


def load_chunk_page(
    device_uid: str, first_ms: int, last_ms: int, limit: int, cursor: str | None
) -> tuple[list[Chunk], str | None]:
    """A page of chunks that end between these times, by their end, and the cursor to go on.

    Not by their start: of two that follow each other the later one may start earlier, with what held at one outlet.
    """
    found, after = _page(WATTS, device_uid, first_ms, last_ms, limit, cursor)
    return sorted(_load(found), key=lambda chunk: (chunk.last_ms, chunk.stored_at_ms)), after


def load_sensor_page(
    device_uid: str, first_ms: int, last_ms: int, limit: int, cursor: str | None
) -> tuple[list[SensorLog], str | None]:
    """A page of sensor logs between these times, by time, and the cursor to go on."""
    found, after = _page(SENSORS, device_uid, first_ms, last_ms, limit, cursor)
    items = list(ReadingItem.batch_get(found, consistent_read=True)) if found else []
    return sorted((_sensor_log(item) for item in items), key=lambda log: log.at_ms), after


def _page(
    kind: str, device_uid: str, first_ms: int, last_ms: int, limit: int, cursor: str | None
) -> tuple[list[tuple[str, str]], str | None]:
    pages = ReadingItem.by_time.query(
        device_uid, _between(kind, first_ms, last_ms), limit=limit, last_evaluated_key=start_key(cursor)
    )
    items, after = load_page(pages)
    return [(device_uid, item.chunk_id) for item in items], after


def _sensor_log(item: ReadingItem) -> SensorLog:
    return SensorLog(item.device_uid, item.device_id, item.owner_id, int(item.first_ms), item.sensors or {})


def add_sensor_log(log: SensorLog, retention: Retention, now_ms: int) -> bool:
    """Store a sensor log; False when one of this device and time is stored already."""
    item = ReadingItem(
        log.device_uid,
        _sensors_key(log.at_ms),
        time_key=_time_key(SENSORS, log.at_ms),
        first_ms=log.at_ms,
        device_id=log.device_id,
        owner_id=log.owner_id,
        stored_at_ms=now_ms,
        expires_at=retention.expires_at_ms(log.at_ms) // 1_000,
        sensors=dict(log.values),
    )
    return item.save_if(ReadingItem.chunk_id.does_not_exist())


def load_sensor_log(device_uid: str, at_ms: int) -> SensorLog | None:
    """The sensor log of a device and time, as it is at this moment; None if there is none."""
    try:
        return _sensor_log(ReadingItem.get(device_uid, _sensors_key(at_ms), consistent_read=True))
    except ReadingItem.DoesNotExist:
        return None


def save_sensor_values(known: SensorLog, values: Mapping[str, float]) -> bool:
    """Store other values for a sensor log; False when it has changed since it was read."""
    return ReadingItem(known.device_uid, _sensors_key(known.at_ms)).update_if(
        actions=[ReadingItem.sensors.set(dict(values))], condition=ReadingItem.sensors == dict(known.values)
    )


def _sensors_key(at_ms: int) -> str:
    return f"{SENSORS}#{at_ms:013d}"


def parse_stream_image(image: Mapping[str, Mapping[str, Any]]) -> Chunk | SensorLog:
    """What a stream record's NewImage holds."""
    item = ReadingItem()
    item.deserialize(dict(image))  # type: ignore[arg-type]  # the stream's own form of attribute values
    return _sensor_log(item) if item.watts is None else _chunk(item)


def remove_some_readings(device_uid: str, most: int) -> int:
    """Delete up to `most` items of a device; returns how many there were to delete."""
    found = [
        item.chunk_id
        for item in ReadingItem.query(device_uid, limit=most, attributes_to_get=["device_uid", "chunk_id"])
    ]
    with ReadingItem.batch_write() as batch:
        for chunk_id in found:
            batch.delete(ReadingItem(device_uid, chunk_id))
    return len(found)
