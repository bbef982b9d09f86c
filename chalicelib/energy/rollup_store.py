"""What outlets used, rolled up: twelve five-minute slots an item and hour, 96 quarter hours an item and day.

Both hang on the device, so that all of it can be deleted, its outlets' that were deleted before included. An item is
put whole; one computed from an older state of the device never takes the place of a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.dynamo import Item, table_name
from chalicelib.core.times import DAY_MS, QUARTER_MS
from chalicelib.energy.slots import SLOT_MS
from chalicelib.energy.usage import Usage
from chalicelib.ports.model import device_uid_of

SLOTS_KEPT_MS = 403 * DAY_MS
"""Thirteen months of 31 days: longer than raw readings may be kept, so that a late one finds the rest of its day."""


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """A Usage in MessagePack, by its number in the item; a new field goes at the end, with a default."""

    number: int
    in_use_microjoules: int
    standby_microjoules: int
    covered_ms: int
    min_milliwatts: int | None
    max_milliwatts: int | None
    counted_ms: int = 0


_DECODER = msgspec.msgpack.Decoder(list[_Packed])


class HourItem(Item):
    class Meta:
        table_name = table_name("usage-hours")

    device_uid = UnicodeAttribute(hash_key=True)
    usage_key = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    usages = BinaryAttribute(legacy_encoding=False)
    expires_at = NumberAttribute()


class DayItem(Item):
    class Meta:
        table_name = table_name("usage-days")

    device_uid = UnicodeAttribute(hash_key=True)
    usage_key = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    usages = BinaryAttribute(legacy_encoding=False)


_Kept = TypeVar("_Kept", HourItem, DayItem)


def _key(port_id: str, start_ms: int) -> str:
    return f"{port_id}#{start_ms:013d}"


def _start_ms(usage_key: str) -> int:
    return int(usage_key.rpartition("#")[2])


def _pack(start_ms: int, usages: Sequence[Usage]) -> bytes:
    return msgspec.msgpack.encode(
        [
            _Packed(
                (usage.start_ms - start_ms) // usage.length_ms,
                usage.in_use_microjoules,
                usage.standby_microjoules,
                usage.covered_ms,
                usage.min_milliwatts,
                usage.max_milliwatts,
                usage.counted_ms,
            )
            for usage in usages
        ]
    )


def _unpack(item: HourItem | DayItem, length_ms: int) -> Iterator[Usage]:
    start_ms = _start_ms(item.usage_key)
    for packed in _DECODER.decode(item.usages):
        number, *figures = msgspec.structs.astuple(packed)
        yield Usage(start_ms + number * length_ms, length_ms, *figures)


def put_hour(port_id: str, hour_ms: int, slots: Sequence[Usage], revision: int) -> None:
    """Store the slots of the hour that begins at hour_ms, unless those of a later revision are stored."""
    item = HourItem(
        device_uid_of(port_id),
        _key(port_id, hour_ms),
        revision=revision,
        usages=_pack(hour_ms, slots),
        expires_at=(hour_ms + SLOTS_KEPT_MS) // 1_000,
    )
    _put(HourItem, item)


def put_day(port_id: str, day_ms: int, quarters: Sequence[Usage], revision: int) -> None:
    """Store the quarter hours of the UTC day that begins at day_ms, unless those of a later revision are stored."""
    packed = _pack(day_ms, quarters)
    _put(DayItem, DayItem(device_uid_of(port_id), _key(port_id, day_ms), revision=revision, usages=packed))


def _put(kind: type[_Kept], item: _Kept) -> None:
    newest = kind.usage_key.does_not_exist() | (kind.revision <= item.revision)
    item.save_if(newest)


def slots(port_id: str, first_ms: int, last_ms: int) -> list[Usage]:
    """The stored slots of the hours that begin between these times, both included, oldest first."""
    return [slot for item in _between(HourItem, port_id, first_ms, last_ms) for slot in _unpack(item, SLOT_MS)]


def quarters(port_id: str, first_ms: int, last_ms: int) -> list[Usage]:
    """The stored quarter hours of the UTC days that begin between these times, both included, oldest first."""
    return [quarter for item in _between(DayItem, port_id, first_ms, last_ms) for quarter in _unpack(item, QUARTER_MS)]


def _between(kind: type[_Kept], port_id: str, first_ms: int, last_ms: int) -> Iterator[_Kept]:
    span = kind.usage_key.between(_key(port_id, max(first_ms, 0)), _key(port_id, max(last_ms, 0)))
    return iter(kind.query(device_uid_of(port_id), span, consistent_read=True))


def first_day_ms(port_id: str) -> int | None:
    """Where the oldest stored day begins, None if there is none."""
    span = DayItem.usage_key.startswith(f"{port_id}#")
    found = DayItem.query(device_uid_of(port_id), span, limit=1)
    return next((_start_ms(item.usage_key) for item in found), None)


def remove_some(device_uid: str, most: int) -> int:
    """Delete up to `most` hours and as many days of a device; returns how many there were to delete."""
    return _remove_some(HourItem, device_uid, most) + _remove_some(DayItem, device_uid, most)


def _remove_some(kind: type[_Kept], device_uid: str, most: int) -> int:
    keys = [
        item.usage_key for item in kind.query(device_uid, limit=most, attributes_to_get=["device_uid", "usage_key"])
    ]
    with kind.batch_write() as batch:
        for usage_key in keys:
            batch.delete(kind(device_uid, usage_key))
    return len(keys)
