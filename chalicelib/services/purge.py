"""Deleting what a released device or a closed account left behind: asked for at once, done by the schedule, resumable.

Asking comes before anything is made unusable, so that a crash in between leaves a purge to do, never data to keep.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.devices import Device
from chalicelib.storage import devices, notifications, phantom_events, ports, purges, readings, states

BATCH = 500
"""Items deleted in one step of the schedule."""


def ask_for_device(device: Device, now_ms: int) -> None:
    """Have all that a device recorded deleted."""
    purges.add(f"device#{device.device_uid}", now_ms)


def close_account(owner_id: str, now_ms: int) -> None:
    """Make all keys of a person's devices unusable at once, and have all that is the person's deleted."""
    owned = devices.of_owner(owner_id)
    subjects = [f"device#{device.device_uid}" for device in owned]
    purges.add_all([*subjects, f"owner#{owner_id}"], now_ms)
    devices.remove_all(owned)


def run(most_steps: int) -> int:
    """Do some of what was asked for, in up to most_steps batches; returns how many subjects are wholly gone."""
    finished = 0
    for subject in purges.some(most_steps):
        kind, _, name = subject.partition("#")
        if all(step(name) for step in _STEPS[kind]):
            purges.done(subject)
            finished += 1
    return finished


def _no_readings(device_uid: str) -> bool:
    return readings.remove_some(device_uid, BATCH) < BATCH


def _no_ports(device_uid: str) -> bool:
    owned = ports.of_device(device_uid)
    for port in owned:
        if phantom_events.remove_some_of_port(port.port_id, BATCH) >= BATCH:
            return False
        ports.remove(port)
    states.remove(device_uid)
    return True


def _no_events(owner_id: str) -> bool:
    return phantom_events.remove_some(owner_id, BATCH) < BATCH


def _no_notifications(owner_id: str) -> bool:
    return notifications.remove_some(owner_id, BATCH) < BATCH


_STEPS: dict[str, list[Callable[[str], bool]]] = {
    "device": [_no_readings, _no_ports],
    "owner": [_no_events, _no_notifications],
}
