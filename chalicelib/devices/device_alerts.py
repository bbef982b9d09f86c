"""Notifications about a device: it is offline or flapping, dropped readings, or somebody tried to pair it."""

from __future__ import annotations

from chalicelib.devices.liveness import MAX_CHANGES
from chalicelib.devices.model import Device
from chalicelib.notifications.model import Notification, NotificationKind, time_ordered_id


def device_offline(device: Device, now_ms: int) -> Notification:
    """A device went offline."""
    return _notification(device, "device_offline", "offline", f"{device.name} is offline", now_ms)


def device_flapping(device: Device, now_ms: int) -> Notification:
    """A device keeps going online and offline."""
    message = f"{device.name} keeps going online and offline: more than {MAX_CHANGES} changes within an hour"
    return _notification(device, "device_flapping", "flapping", message, now_ms)


def readings_dropped(device: Device, count: int, now_ms: int) -> Notification:
    """A device had no room for readings."""
    message = f"{device.name} lost {count} readings: it could not send them before its buffer was full"
    return _notification(device, "spool_dropped", "dropped", message, now_ms)


def pairing_refused(device: Device, now_ms: int) -> Notification:
    """Somebody tried to pair a device that belongs to the recipient."""
    message = f"Somebody tried to pair {device.name}, which is yours, and was refused. If it was you, release it first"
    return _notification(device, "pairing_refused", "pairing", message, now_ms)


def _notification(device: Device, kind: NotificationKind, subject: str, message: str, now_ms: int) -> Notification:
    notification_id = time_ordered_id(now_ms, f"{subject}-{device.device_uid}")
    return Notification(notification_id, device.owner_id, kind, message, now_ms, device_id=device.device_id)
