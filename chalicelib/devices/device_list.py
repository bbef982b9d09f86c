"""The list of a person's devices, page by page, in an order that stays the same while the devices go on calling.

The order is that of the moment of the first page: the device that called last comes first. A device that has called
once since then keeps its place, because the time of its call before is stored: it is neither skipped nor repeated. A
device that has called twice since then comes at the end: it may be repeated, but is not skipped. Calls are stored a
minute apart, so this needs more than a minute between the first page and a later one.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.core.errors import Invalid
from chalicelib.devices import store
from chalicelib.devices.model import Calls, Device

AT_THE_END = -1
"""Stands for the time of a call that is not stored any more."""
FEW = 20
"""Devices that are read whole at once: nearly everybody has fewer."""
LONG_PAGE = 100
"""Half of the most that a page holds."""
CURSOR = re.compile(r"(\d{1,13}) (-1|\d{1,13}) ([A-Za-z0-9_-]{4,128})", re.ASCII)


class Place(NamedTuple):
    """A place in the list: the time of a device's last call (0 for never), and its id."""

    seen_ms: int
    device_id: str

    @property
    def sort_key(self) -> tuple[int, str]:
        """Newest call first, then by id."""
        return -self.seen_ms, self.device_id


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: the moment of the first page, and the last place before this page (None: the first)."""

    as_of_ms: int
    after: Place | None = None

    @property
    def cursor(self) -> str:
        """The position as an opaque text. Only for one that is not the first."""
        if self.after is None:
            raise ValueError("the first page has no cursor")
        return base64.urlsafe_b64encode(
            f"{self.as_of_ms} {self.after.seen_ms} {self.after.device_id}".encode()
        ).decode()


class DevicePage(NamedTuple):
    """Devices of a page, and the cursor of the next one (None at the end)."""

    devices: list[Device]
    cursor: str | None


def position_of(cursor: str | None, now_ms: int) -> Position:
    """The position behind a cursor; without one, that of a first page at the current time.

    Raises:
        Invalid: The text is no cursor of this list (field cursor).
    """
    if not cursor:
        return Position(now_ms)
    try:
        match = CURSOR.fullmatch(base64.urlsafe_b64decode(cursor).decode())
    except ValueError:
        match = None
    if match is None:
        raise Invalid("This is not a cursor of this list.", code="invalid", field="cursor")
    return Position(int(match[1]), Place(int(match[2]), match[3]))


def place_of(calls: Calls, as_of_ms: int) -> Place:
    """The place of a device in the order of a moment."""
    if calls.last_ms is None or calls.last_ms <= as_of_ms:
        return Place(calls.last_ms or 0, calls.device_id)
    if calls.previous_ms is None or calls.previous_ms <= as_of_ms:
        return Place(calls.previous_ms or 0, calls.device_id)
    return Place(AT_THE_END, calls.device_id)


def places_from(position: Position, calls: list[Calls]) -> list[Place]:
    """All places from a position on, in order."""
    places = sorted((place_of(device_calls, position.as_of_ms) for device_calls in calls), key=lambda p: p.sort_key)
    return [place for place in places if position.after is None or place.sort_key > position.after.sort_key]


def list_devices(owner_id: str) -> list[Device]:
    """All devices of a person, the one that called last first."""
    devices = store.load_devices_of_owner(owner_id)
    return sorted(devices, key=lambda device: (-(device.last_seen_ms or 0), device.device_id))


def list_device_page(owner_id: str, cursor: str | None, limit: int, now_ms: int) -> DevicePage:
    """A page of a person's devices, the one that called last first.

    Of many devices only ids and times are read to find the order, and then the devices of the page: to decode all of
    them whole takes twice as long. For a long page all of them are read at once: that consumes no more than their times
    do, and the devices of the page are there already.

    Raises:
        Invalid: The text is no cursor of this list (field cursor).
    """
    position = position_of(cursor, now_ms)
    if limit >= LONG_PAGE:
        return _long_page(owner_id, position, limit)
    few = store.load_few_devices_of_owner(owner_id, FEW)
    calls = [_calls(device) for device in few.devices] if few.are_all else store.load_calls_of_owner(owner_id)
    places = places_from(position, calls)
    device_ids = [place.device_id for place in places[:limit]]
    by_id = {device.device_id: device for device in few.devices} if few.are_all else {}
    devices = [by_id[device_id] for device_id in device_ids] if few.are_all else store.load_devices(device_ids)
    return DevicePage([device for device in devices if device.owner_id == owner_id], _next(position, places, limit))


def _long_page(owner_id: str, position: Position, limit: int) -> DevicePage:
    stored = store.load_stored_devices_of_owner(owner_id)
    places = places_from(position, [device.calls for device in stored.values()])
    devices = [stored[place.device_id].decode() for place in places[:limit]]
    return DevicePage(devices, _next(position, places, limit))


def _next(position: Position, places: list[Place], limit: int) -> str | None:
    return Position(position.as_of_ms, places[limit - 1]).cursor if places[limit:] else None


def _calls(device: Device) -> Calls:
    return Calls(device.device_id, device.last_seen_ms, device.previous_seen_ms)
