"""What a person does with devices (register, rename, give a new key), and how a device authenticates."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from chalicelib.accounts.model import Account
from chalicelib.accounts.service import check_account_open
from chalicelib.accounts.store import put_open_check
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import Conflict, Unauthenticated, not_found
from chalicelib.core.event_bus import publish
from chalicelib.core.identifiers import new_id, new_secret
from chalicelib.core.times import DAY_MS
from chalicelib.devices import device_alerts
from chalicelib.devices.model import (
    MAX_DEVICES_PER_OWNER,
    Device,
    DeviceChanged,
    api_key_device_id,
    key_digest,
    make_api_key,
)
from chalicelib.devices.store import (
    load_device,
    load_devices_of_owner,
    put_new_device,
    put_pairing_notice,
    save_device_keys,
    save_device_name,
    save_device_retention,
)
from chalicelib.notifications.model import NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification
from chalicelib.realtime import device_channel

BUSY = "This device keeps changing."


class DeviceWithKey(NamedTuple):
    """A device, and its new API key, which is shown once."""

    device: Device
    api_key: str


def register_device(account: Account, device_id: str, name: str, now_ms: int) -> DeviceWithKey:
    """Register a device, or give the owner's own device a new key. The old key is valid until the new one is used.

    Raises:
        Conflict: owned (it belongs to somebody else, who is notified), too_many_devices.
        Unauthenticated: The account was closed meanwhile.
    """

    def attempt() -> DeviceWithKey | None:
        device, api_key = load_device(device_id), make_api_key(device_id, new_secret())
        if device is None:
            made = new_device(account, device_id, name, now_ms)
            made = replace(made, keys=made.keys.with_next(key_digest(api_key)))
            return DeviceWithKey(made, api_key) if _add(account, made) else None
        if device.owner_id != account.user_id:
            raise refuse_pairing(device, now_ms)
        rotated = device.keys.with_next(key_digest(api_key))
        return DeviceWithKey(device, api_key) if save_device_keys(device, rotated) else None

    return retry_conflicts(attempt, BUSY)


def add_device(account: Account, device_id: str, name: str, now_ms: int) -> Device:
    """Register a device without a key.

    Raises:
        Conflict: owned (also if it is the person's own), too_many_devices.
        Unauthenticated: The account was closed meanwhile.
    """

    def attempt() -> Device | None:
        taken = load_device(device_id)
        if taken is not None:
            raise refuse_pairing(taken, now_ms) if taken.owner_id != account.user_id else _owned()
        device = new_device(account, device_id, name, now_ms)
        return device if _add(account, device) else None

    return retry_conflicts(attempt, BUSY)


def new_device(account: Account, device_id: str, name: str, now_ms: int) -> Device:
    """Make a device of a person; it is not stored yet.

    Raises:
        Conflict: The person has too many devices (code too_many_devices).
    """
    if len(load_devices_of_owner(account.user_id)) >= MAX_DEVICES_PER_OWNER:
        raise Conflict(f"A person has at most {MAX_DEVICES_PER_OWNER} devices.", code="too_many_devices")
    return Device(device_id, new_id(), account.user_id, name, created_at_ms=now_ms, retention=account.retention)


def _add(account: Account, device: Device) -> bool:
    """Store a new device; False when its id was taken meanwhile. Raises Unauthenticated when the account is closed."""
    write = Transaction()
    put_open_check(write, account)
    put_new_device(write, device)
    if not write.commit():
        check_account_open(account)
        return False
    publish(DeviceChanged(device))
    return True


def refuse_pairing(device: Device, now_ms: int) -> Conflict:
    """The error for somebody who wants a device that is taken; its owner is notified, once a day."""
    if device.is_pairing_news(now_ms):
        alert = device_alerts.pairing_refused(device, now_ms)
        write = Transaction()
        put_pairing_notice(write, device, now_ms)
        stored = enqueue_notification(write, alert)
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
        device, api_key = get_owned_device(owner_id, device_id), make_api_key(device_id, new_secret())
        rotated = device.keys.with_next(key_digest(api_key), expires_at_ms)
        return api_key if save_device_keys(device, rotated) else None

    return retry_conflicts(attempt, BUSY)


def authenticate_device(api_key: str, now_ms: int) -> Device:
    """The device of an API key. The first use of a new key invalidates the old one.

    Raises:
        Unauthenticated: The key is not valid.
    """
    return get_device_with_key(api_key_device_id(api_key), key_digest(api_key), now_ms)


def get_device_with_key(device_id: str | None, key_sha256: str, now_ms: int) -> Device:
    """The device of an id, if one of its keys has this digest. The first use of a new key invalidates the old one.

    Raises:
        Unauthenticated: There is no such device, or none of its keys matches.
    """

    def attempt() -> Device | None:
        device = load_device(device_id) if device_id else None
        match = device.keys.match(key_sha256, now_ms) if device else None
        if device is None or match is None:
            raise Unauthenticated("This device key is not valid: pair the device again.", code="bad_device_key")
        if match == "current":
            return device
        rotated = device.keys.rotated()
        if not save_device_keys(device, rotated):
            return None
        if device.keys.current_sha256 is not None:
            device_channel.abort_mqtt_connections(device.mqtt_client_ids)
        return replace(device, keys=rotated)

    return retry_conflicts(attempt, BUSY)


def get_owned_device(owner_id: str, device_id: str) -> Device:
    """A person's own device.

    Raises:
        NotFound: The device does not exist, or belongs to somebody else.
    """
    device = load_device(device_id)
    if device is None or device.owner_id != owner_id:
        raise not_found("device")
    return device


def rename_device(owner_id: str, device_id: str, name: str) -> Device:
    """Rename a person's device.

    Raises:
        NotFound: The device does not exist, or belongs to somebody else.
    """
    if not save_device_name(get_owned_device(owner_id, device_id), name):
        raise not_found("device")
    device = get_owned_device(owner_id, device_id)
    publish(DeviceChanged(device))
    return device


def set_raw_retention(owner_id: str, days: int, now_ms: int) -> None:
    """Set how many days the raw readings of a person's devices are kept, for readings that are stored from now on."""
    for device in load_devices_of_owner(owner_id):
        retention = device.retention.changed(days, now_ms)
        if retention != device.retention:
            save_device_retention(device, retention)


def rotate_device_key(owner_id: str, device_id: str, expires_in_days: int | None, now_ms: int) -> str:
    """Give a person's device a new key.

    Args:
        owner_id: The person.
        device_id: The device.
        expires_in_days: How long the key is valid; None for ever.
        now_ms: The current time.

    Returns:
        The key, which is shown once.

    Raises:
        NotFound: The device does not exist, or belongs to somebody else.
    """
    expires_at_ms = None if expires_in_days is None else now_ms + expires_in_days * DAY_MS
    return _give_key(owner_id, device_id, expires_at_ms)
