"""Rolled-up usage (twelve five-minute slots an item and hour, 96 quarter hours an item and day), and dated tariffs.

Usage is stored under the device, so that all of it can be deleted with the device, that of deleted outlets included. An
item is stored whole; one computed from an older state of the device never replaces a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.dynamo import DataAttribute, Item, table_name
from chalicelib.core.times import DAY_MS, QUARTER_MS
from chalicelib.energy.model import Usage
from chalicelib.energy.slots import SLOT_MS
from chalicelib.energy.tariffs import Tariff
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


class UsageHourItem(Item):
    class Meta:
        table_name = table_name("usage-hours")

    device_uid = UnicodeAttribute(hash_key=True)
    usage_key = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    usages = BinaryAttribute(legacy_encoding=False)
    expires_at = NumberAttribute()


class UsageDayItem(Item):
    class Meta:
        table_name = table_name("usage-days")

    device_uid = UnicodeAttribute(hash_key=True)
    usage_key = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    usages = BinaryAttribute(legacy_encoding=False)


class TariffsItem(Item):
    class Meta:
        table_name = table_name("tariffs")

    owner_id = UnicodeAttribute(hash_key=True)
    tariffs = DataAttribute(list[Tariff])


_UsageItem = TypeVar("_UsageItem", UsageHourItem, UsageDayItem)


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


def _unpack(item: UsageHourItem | UsageDayItem, length_ms: int) -> Iterator[Usage]:
    start_ms = _start_ms(item.usage_key)
    for packed in _DECODER.decode(item.usages):
        number, *figures = msgspec.structs.astuple(packed)
        yield Usage(start_ms + number * length_ms, length_ms, *figures)


def put_usage_hour(port_id: str, hour_ms: int, slots: Sequence[Usage], revision: int) -> None:
    """Store the slots of an outlet's hour, unless those of a later revision are stored.

    Args:
        port_id: The outlet.
        hour_ms: Start of the hour (epoch ms).
        slots: Its slots.
        revision: The version of the device's state that they were computed from.
    """
    item = UsageHourItem(
        device_uid_of(port_id),
        _key(port_id, hour_ms),
        revision=revision,
        usages=_pack(hour_ms, slots),
        expires_at=(hour_ms + SLOTS_KEPT_MS) // 1_000,
    )
    _put(UsageHourItem, item)


def put_usage_day(port_id: str, day_ms: int, quarters: Sequence[Usage], revision: int) -> None:
    """Store the quarter hours of an outlet's UTC day, unless those of a later revision are stored.

    Args:
        port_id: The outlet.
        day_ms: Start of the day (epoch ms).
        quarters: Its quarter hours.
        revision: The version of the device's state that they were computed from.
    """
    packed = _pack(day_ms, quarters)
    _put(UsageDayItem, UsageDayItem(device_uid_of(port_id), _key(port_id, day_ms), revision=revision, usages=packed))


def _put(kind: type[_UsageItem], item: _UsageItem) -> None:
    newest = kind.usage_key.does_not_exist() | (kind.revision <= item.revision)
    item.save_if(newest)


def load_slots(port_id: str, first_ms: int, last_ms: int) -> list[Usage]:
    """Load the stored slots of the hours that begin between two times (epoch ms, both included), oldest first."""
    return [slot for item in _between(UsageHourItem, port_id, first_ms, last_ms) for slot in _unpack(item, SLOT_MS)]


def load_quarter_hours(port_id: str, first_ms: int, last_ms: int) -> list[Usage]:
    """Load the stored quarter hours of the UTC days that begin between two times (epoch ms, both included).

    Returns:
        The quarter hours, oldest first.
    """
    return [
        quarter for item in _between(UsageDayItem, port_id, first_ms, last_ms) for quarter in _unpack(item, QUARTER_MS)
    ]


def _between(kind: type[_UsageItem], port_id: str, first_ms: int, last_ms: int) -> Iterator[_UsageItem]:
    span = kind.usage_key.between(_key(port_id, max(first_ms, 0)), _key(port_id, max(last_ms, 0)))
    return iter(kind.query(device_uid_of(port_id), span, consistent_read=True))


def first_usage_day_ms(port_id: str) -> int | None:
    """Find the start of an outlet's oldest stored day (epoch ms), None without any."""
    span = UsageDayItem.usage_key.startswith(f"{port_id}#")
    items = UsageDayItem.query(device_uid_of(port_id), span, limit=1)
    return next((_start_ms(item.usage_key) for item in items), None)


def remove_some_usage(device_uid: str, most: int) -> int:
    """Delete up to `most` hours and as many days of a device.

    Returns:
        The number of items deleted; 0 when all are gone.
    """
    return _remove_some(UsageHourItem, device_uid, most) + _remove_some(UsageDayItem, device_uid, most)


def _remove_some(kind: type[_UsageItem], device_uid: str, most: int) -> int:
    keys = [
        item.usage_key for item in kind.query(device_uid, limit=most, attributes_to_get=["device_uid", "usage_key"])
    ]
    with kind.batch_write() as batch:
        for usage_key in keys:
            batch.delete(kind(device_uid, usage_key))
    return len(keys)


def load_tariffs(owner_id: str) -> list[Tariff]:
    """Load a person's dated tariffs, in the order in which they were given."""
    try:
        return TariffsItem.get(owner_id, consistent_read=True).tariffs
    except TariffsItem.DoesNotExist:
        return []


def save_tariffs(owner_id: str, tariffs: Sequence[Tariff]) -> None:
    """Replace a person's dated tariffs."""
    TariffsItem(owner_id, tariffs=list(tariffs)).save()


def remove_tariffs(owner_id: str) -> None:
    """Delete a person's dated tariffs."""
    TariffsItem(owner_id).delete()
