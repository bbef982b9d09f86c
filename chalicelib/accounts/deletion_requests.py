"""Asking for what a released device or a closed account left behind to be deleted; accounts/deletion.py does it.

Asking comes before anything is made unusable, so that a crash in between leaves a purge to do, never data to keep.
"""

from __future__ import annotations

import time

from chalicelib.accounts import deletion_store as purges
from chalicelib.devices import store as devices
from chalicelib.devices.model import Device
from chalicelib.realtime import commands

HANG_UP_SECONDS = 5.0
"""How long closing an account may take to end MQTT connections; the schedule ends the others."""


def ask_for_device(device: Device, now_ms: int) -> None:
    """Have all that a device recorded deleted, and its MQTT connections ended once more.

    A sign-in that was granted just before may become a connection just after they were ended.
    """
    purges.add_all(_subjects(device), now_ms)


def close_account(owner_id: str, now_ms: int) -> None:
    """Make all keys of a person's devices unusable at once, and have all that is the person's deleted."""
    end_devices(owner_id, now_ms, f"owner#{owner_id}")


def end_devices(owner_id: str, now_ms: int, *more: str) -> int:
    """Make the keys of a person's devices unusable, and have what they left, and more, deleted; how many there were."""
    owned = devices.of_owner(owner_id, "mqtt_clients")
    purges.add_all([*more, *(subject for device in owned for subject in _subjects(device))], now_ms)
    devices.remove_all(owned)
    until = time.monotonic() + HANG_UP_SECONDS
    for device in owned:
        if time.monotonic() < until:
            commands.hang_up(device.mqtt_client_ids)
    return len(owned)


def _subjects(device: Device) -> list[str]:
    return [f"device#{device.device_uid}", *(f"mqtt#{client_id}" for client_id in device.mqtt_client_ids)]
