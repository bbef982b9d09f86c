"""What a person does with devices: register, list, rename, release, give a new key; and how a device shows its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain import device_order, silence
from chalicelib.domain import devices as keys
from chalicelib.domain.device_order import Calls, Place
from chalicelib.domain.devices import MAX_DEVICES_PER_OWNER, Device
from chalicelib.domain.errors import Conflict, Unauthenticated, Unavailable, not_found
from chalicelib.domain.identity import new_id, new_secret
from chalicelib.domain.retention import Retention
from chalicelib.domain.states import DeviceState, PortState
from chalicelib.domain.times import DAY_MS
from chalicelib.services.home import endings, purge
from chalicelib.services.push import commands, live
from chalicelib.settings import settings
from chalicelib.storage import devices as store
from chalicelib.storage import ports, states
from chalicelib.storage.base import Transaction

FEW = 20
"""Devices that are read whole at once: nearly everybody has fewer."""
TRIES = 5
"""Keys that change at the same moment: whoever comes second reads them again and tries again."""


def register(
    owner_id: str, device_id: str, name: str, now_ms: int, retention: Retention | None = None
) -> tuple[Device, str]:
    """Register a device, or give the owner's own device a new key; returns it and its key, shown this once.

    The old key lives until the new one is first used. Raises Conflict: owned (somebody else's), too_many_devices.
    """
    if store.load(device_id) is None:
        try:
            add(owner_id, device_id, name, now_ms, retention=retention)
        except Conflict as error:
            if error.code != "owned":  # the same call at the same moment may have been quicker: look below
                raise
    return _give_key(owner_id, device_id)


def add(
    owner_id: str,
    device_id: str,
    name: str,
    now_ms: int,
    replacing: Device | None = None,
    retention: Retention | None = None,
) -> Device:
    """Make a device a person's own, under a new device_uid; `replacing` is the device of that id before, if any.

    Raises Conflict: owned, too_many_devices.
    """
    if len(store.of_owner(owner_id)) >= MAX_DEVICES_PER_OWNER:
        raise Conflict(f"A person has at most {MAX_DEVICES_PER_OWNER} devices.", code="too_many_devices")
    device = Device(device_id, device_uid=new_id(), owner_id=owner_id, name=name, created_at_ms=now_ms)
    device = replace(device, retention=retention or device.retention)
    if not store.add(device, replacing):
        raise _owned()
    if replacing is not None:
        purge.ask_for_device(replacing, now_ms)
    live.push_device(device)
    return device


def _owned() -> Conflict:
    return Conflict("This device belongs to somebody already.", code="owned", field="deviceId")


def _give_key(owner_id: str, device_id: str, expires_at_ms: int | None = None) -> tuple[Device, str]:
    for _ in range(TRIES):
        device = store.load(device_id)
        if device is None or device.owner_id != owner_id:
            raise _owned()
        api_key = keys.api_key(device_id, new_secret())
        if store.save_keys(device, device.keys.rotated(keys.key_digest(api_key), expires_at_ms)):
            return device, api_key
    raise Unavailable("This device's key keeps changing.", code="busy", retry_after_seconds=1)


def authenticate(api_key: str, now_ms: int) -> Device:
    """The device whose key this is; the first use of a new key retires the old one. Raises Unauthenticated."""
    return with_key(keys.device_id_of(api_key), keys.key_digest(api_key), now_ms)


def with_key(device_id: str | None, key_sha256: str, now_ms: int) -> Device:
    """The device of this id, if a key with this digest opens it; for the rest as authenticate."""
    for _ in range(TRIES):
        device = store.load(device_id) if device_id else None
        fitting = device.keys.fits(key_sha256, now_ms) if device else None
        if device is None or fitting is None:
            raise Unauthenticated("This device key is not valid: pair the device again.", code="bad_device_key")
        if fitting == "current":
            return device
        promoted = device.keys.promoted()
        if store.save_keys(device, promoted):
            if device.keys.current_sha256 is not None:
                commands.hang_up(device.mqtt_client_ids)
            return replace(device, keys=promoted)
    raise Unavailable("This device's key keeps changing.", code="busy", retry_after_seconds=1)


def own(owner_id: str, device_id: str) -> Device:
    """A person's own device; raises NotFound for any other."""
    device = store.load(device_id)
    if device is None or device.owner_id != owner_id:
        raise not_found("device")
    return device


def by_last_seen(owner_id: str) -> list[Device]:
    """All devices of a person, the one that called last first."""
    return _newest_first(store.of_owner(owner_id))


def _newest_first(devices: list[Device]) -> list[Device]:
    return sorted(devices, key=lambda device: (-(device.last_seen_ms or 0), device.device_id))


def page_by_last_seen(
    owner_id: str, as_of_ms: int, place: Place | None, limit: int
) -> tuple[list[Device], Place | None]:
    """So many devices of a person behind a place in the order of a moment, and the place to go on from, if any.

    Of many devices only the ids and times are read to find the order, and then those of the page: reading all whole
    takes twice as long.
    """
    few, complete = store.some_of_owner(owner_id, FEW)
    known = {device.device_id: device for device in few} if complete else {}
    calls = [_calls(device) for device in few] if complete else store.calls_of_owner(owner_id)
    places = device_order.after(calls, as_of_ms, place)
    wanted = [each.device_id for each in places[:limit]]
    page = [known[device_id] for device_id in wanted] if complete else store.load_some(wanted)
    return [device for device in page if device.owner_id == owner_id], places[limit - 1] if places[limit:] else None


def _calls(device: Device) -> Calls:
    return Calls(device.device_id, device.last_seen_ms, device.previous_seen_ms)


def states_of(devices: list[Device]) -> Mapping[str, DeviceState]:
    """What is known of these devices' ports, by device_uid."""
    return states.load_many(device.device_uid for device in devices if device.ports)


def heard_ms(device: Device) -> int | None:
    """Up to when the readings of a device have come (see domain/silence.py)."""
    return silence.heard_ms(device.last_seen_ms, settings().upload_seconds)


def rename(owner_id: str, device_id: str, name: str) -> Device:
    """Give a device another name."""
    if not store.save_name(own(owner_id, device_id), name):
        raise not_found("device")
    device = own(owner_id, device_id)
    live.push_device(device)
    return device


def keep_raw(owner_id: str, days: int, now_ms: int) -> None:
    """Keep raw readings of all devices of a person for so many days, from what is stored from now on."""
    for device in store.of_owner(owner_id):
        retention = device.retention.changed(days, now_ms)
        if retention != device.retention:
            store.save_retention(device, retention)


def rotate_key(owner_id: str, device_id: str, expires_in_days: int | None, now_ms: int) -> str:
    """A new key for a device, shown this once; it may be given an end."""
    expires_at_ms = None if expires_in_days is None else now_ms + expires_in_days * DAY_MS
    own(owner_id, device_id)
    _, api_key = _give_key(owner_id, device_id, expires_at_ms)
    return api_key


def release(owner_id: str, device_id: str, now_ms: int) -> None:
    """Give a device up: its key is dead at once, what it recorded is purged by the schedule."""
    device = own(owner_id, device_id)
    purge.ask_for_device(device, now_ms)
    store.remove(device)
    commands.hang_up(device.mqtt_client_ids)
    known = states.load(device.device_uid).ports
    for port in ports.of_device(device.device_uid):
        write = Transaction()
        endings.put_removed(write, port, known.get(port.port_id, PortState()), now_ms)
        write.commit()  # one that changes at this very moment is purged with the rest
    live.push_device_removed(device)
