"""The sweep: devices that have been silent for too long become offline, each with one notification."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.devices import Device
from chalicelib.domain.events import Notification, time_ordered_id
from chalicelib.domain.liveness import is_silent, shards
from chalicelib.services import live
from chalicelib.storage import devices, notifications
from chalicelib.storage.base import Transaction


def sweep(now_ms: int) -> int:
    """Mark silent devices offline, reading only those that are due; returns how many there were.

    A call of the device in between always wins.
    """
    return sum(_mark(device_id, now_ms) for shard in shards() for device_id in devices.due(shard, now_ms))


def _mark(device_id: str, now_ms: int) -> bool:
    device = devices.load(device_id)
    if device is None or not device.online or device.last_seen_ms is None or not is_silent(device.last_seen_ms, now_ms):
        return False
    notification = _notification(device, now_ms)
    write = Transaction()
    devices.put_offline(write, device)
    notifications.put(write, notification)
    if not write.commit():
        return False
    gone = replace(device, online=False)
    live.push(device.owner_id, [live.device_message(gone), live.notification_message(notification)])
    return True


def _notification(device: Device, now_ms: int) -> Notification:
    return Notification(
        notification_id=time_ordered_id(now_ms, f"offline-{device.device_uid}"),
        owner_id=device.owner_id,
        kind="device_offline",
        message=f"{device.name} is offline",
        at_ms=now_ms,
        device_id=device.device_id,
    )
