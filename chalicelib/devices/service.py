"""What a person does with devices: register, list, rename, release, give a new key; and how a device shows its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.accounts.model import Account
from chalicelib.accounts.service import check_account_open
from chalicelib.accounts.store import put_open_check
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import Conflict, Unauthenticated, not_found
from chalicelib.core.events import publish
from chalicelib.core.identifiers import new_id, new_secret
from chalicelib.core.settings import settings
from chalicelib.core.times import DAY_MS
from chalicelib.detection import silence
from chalicelib.detection.port_state import DeviceState
from chalicelib.detection.store import load_device_states
from chalicelib.devices import device_alerts, store
from chalicelib.devices import list_order as device_order
from chalicelib.devices import model as keys
from chalicelib.devices.list_order import Calls, Place
from chalicelib.devices.model import MAX_DEVICES_PER_OWNER, Device, DeviceChanged, api_key_device_id
from chalicelib.notifications.model import NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification
from chalicelib.realtime import device_channel

FEW = 20
"""Devices that are read whole at once: nearly everybody has fewer."""
BUSY = "This device keeps changing."


def register(account: Account, device_id: str, name: str, now_ms: int) -> tuple[Device, str]:
    """Register a device, or give the owner's own device a new key; returns it and its key, shown this once.

    The old key lives until the new one is first used.

    Raises:
        Conflict: owned (it is somebody else's, who is told), too_many_devices.
        Unauthenticated: The account was closed meanwhile.
    """

    def attempt() -> tuple[Device, str] | None:
        device, api_key = store.load(device_id), keys.api_key(device_id, new_secret())
        if device is None:
            made = new(account, device_id, name, now_ms)
            made = replace(made, keys=made.keys.with_next(keys.key_digest(api_key)))
            return (made, api_key) if _add(account, made) else None
        if device.owner_id != account.user_id:
            raise refused(device, now_ms)
        rotated = device.keys.with_next(keys.key_digest(api_key))
        return (device, api_key) if store.save_keys(device, rotated) else None

    return retry_conflicts(attempt, BUSY)


def add(account: Account, device_id: str, name: str, now_ms: int) -> Device:
    """Make a device a person's own, without a key yet. Raises as register; Conflict: owned also for one's own."""

    def attempt() -> Device | None:
        known = store.load(device_id)
        if known is not None:
            raise refused(known, now_ms) if known.owner_id != account.user_id else _owned()
        device = new(account, device_id, name, now_ms)
        return device if _add(account, device) else None

    return retry_conflicts(attempt, BUSY)


def new(account: Account, device_id: str, name: str, now_ms: int) -> Device:
    """A device of a person that is not stored yet. Raises Conflict: too_many_devices."""
    if len(store.of_owner(account.user_id)) >= MAX_DEVICES_PER_OWNER:
        raise Conflict(f"A person has at most {MAX_DEVICES_PER_OWNER} devices.", code="too_many_devices")
    return Device(device_id, new_id(), account.user_id, name, created_at_ms=now_ms, retention=account.retention)


def _add(account: Account, device: Device) -> bool:
    """Store a new device; False when somebody else was quicker. Raises Unauthenticated when the account is closed."""
    write = Transaction()
    put_open_check(write, account)
    store.put_new(write, device)
    if not write.commit():
        check_account_open(account)
        return False
    publish(DeviceChanged(device))
    return True


def refused(device: Device, now_ms: int) -> Conflict:
    """The error for somebody who wants a device that is taken; its owner is told too, once a day."""
    if device.is_pairing_news(now_ms):
        news = device_alerts.pairing_refused(device, now_ms)
        write = Transaction()
        store.put_pairing_told(write, device, now_ms)
        stored = enqueue_notification(write, news)
        if write.commit():
            publish(NotificationAdded(stored))
    return _owned()


def _owned() -> Conflict:
    return Conflict(
        "This device belongs to somebody already. Its owner can release it on the page; for a second-hand Pi "
        "there is `ghostwatt-pi claim --new-identity`.",
        code="owned",
        field="deviceId",
    )


def _give_key(owner_id: str, device_id: str, expires_at_ms: int | None = None) -> str:
    def attempt() -> str | None:
        device, api_key = own(owner_id, device_id), keys.api_key(device_id, new_secret())
        rotated = device.keys.with_next(keys.key_digest(api_key), expires_at_ms)
        return api_key if store.save_keys(device, rotated) else None

    return retry_conflicts(attempt, BUSY)


def authenticate(api_key: str, now_ms: int) -> Device:
    """The device whose key this is; the first use of a new key retires the old one. Raises Unauthenticated."""
    return with_key(api_key_device_id(api_key), keys.key_digest(api_key), now_ms)


def with_key(device_id: str | None, key_sha256: str, now_ms: int) -> Device:
    """The device of this id, if a key with this digest opens it; for the rest as authenticate."""

    def attempt() -> Device | None:
        device = store.load(device_id) if device_id else None
        fitting = device.keys.match(key_sha256, now_ms) if device else None
        if device is None or fitting is None:
            raise Unauthenticated("This device key is not valid: pair the device again.", code="bad_device_key")
        if fitting == "current":
            return device
        promoted = device.keys.rotated()
        if not store.save_keys(device, promoted):
            return None
        if device.keys.current_sha256 is not None:
            device_channel.abort_mqtt_connections(device.mqtt_client_ids)
        return replace(device, keys=promoted)

    return retry_conflicts(attempt, BUSY)


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
    return load_device_states(device.device_uid for device in devices if device.ports)


def heard_ms(device: Device) -> int | None:
    """Up to when the readings of a device have come (see detection/silence.py)."""
    return silence.heard_ms(device.last_seen_ms, settings().upload_seconds)


def rename(owner_id: str, device_id: str, name: str) -> Device:
    """Give a device another name."""
    if not store.save_name(own(owner_id, device_id), name):
        raise not_found("device")
    device = own(owner_id, device_id)
    publish(DeviceChanged(device))
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
    return _give_key(owner_id, device_id, expires_at_ms)
