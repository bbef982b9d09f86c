"""Asking for what a released device or a closed account left behind to be deleted; services/purging.py does it.

Asking comes before anything is made unusable, so that a crash in between leaves a purge to do, never data to keep.
"""

from __future__ import annotations

from chalicelib.domain.devices import Device
from chalicelib.storage import devices, purges


def ask_for_device(device: Device, now_ms: int) -> None:
    """Have all that a device recorded deleted."""
    purges.add(f"device#{device.device_uid}", now_ms)


def close_account(owner_id: str, now_ms: int) -> None:
    """Make all keys of a person's devices unusable at once, and have all that is the person's deleted."""
    owned = devices.of_owner(owner_id)
    subjects = [f"device#{device.device_uid}" for device in owned]
    purges.add_all([*subjects, f"owner#{owner_id}"], now_ms)
    devices.remove_all(owned)
