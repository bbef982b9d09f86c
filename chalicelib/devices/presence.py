"""Presence of devices: record their calls, their silence and what their agents report; the sweep marks silent ones."""

from __future__ import annotations

import logging
from dataclasses import replace

from chalicelib.core import telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shards
from chalicelib.core.dynamo import Transaction, retry_conflicts_from
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.errors import Busy
from chalicelib.core.event_bus import Event, publish
from chalicelib.core.times import MINUTE_MS
from chalicelib.devices import device_alerts, liveness
from chalicelib.devices.liveness import Presence, after_call, after_change, after_flapping, is_call_due_for_storing
from chalicelib.devices.model import Device, DeviceChanged
from chalicelib.devices.presence_store import (
    load_due_device_ids,
    put_agent_report,
    put_call,
    put_offline,
    save_agent_report,
    save_call,
)
from chalicelib.devices.store import load_device
from chalicelib.notifications.model import Notification, NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification

LOG = logging.getLogger("ghostwatt.sweep")


def record_call(device: Device, now_ms: int) -> bool:
    """Store that a device called, at most once a minute. A device that came back may begin to flap.

    Returns:
        Whether the call was stored.
    """

    def attempt(latest: Device | None) -> bool | None:
        if latest is None or latest.device_uid != device.device_uid:
            return False
        if not is_call_due_for_storing(latest.online, latest.last_seen_ms, now_ms):
            return False
        is_agent = device.agent.version is not None
        after = after_call(latest.presence, latest.last_seen_ms, now_ms, online=latest.online, is_agent=is_agent)
        return _store_call(latest, after, now_ms) or None

    try:
        return retry_conflicts_from(device, attempt, lambda: load_device(device.device_id), "This device is busy.")
    except Busy:  # another call of the device was stored then
        return False


def _store_call(device: Device, after: Presence, now_ms: int) -> bool:
    if not liveness.begins_to_flap(device.presence, after):
        stored = save_call(device, after, now_ms)
        if stored and not device.online:
            publish(DeviceChanged(replace(device, online=True, last_seen_ms=now_ms, presence=after)))
        return stored
    write = Transaction()
    put_call(write, device, after, now_ms)
    alert = enqueue_notification(write, device_alerts.device_flapping(device, now_ms))
    if not write.commit():
        return False
    publish(DeviceChanged(replace(device, online=True, last_seen_ms=now_ms)), NotificationAdded(alert))
    return True


def is_due(device: Device, now_ms: int) -> bool:
    """Whether the sweep has to act on a device: it fell silent, or its flapping ended."""
    if device.online and device.last_seen_ms is not None:
        return liveness.is_silent(device.last_seen_ms, device.presence, now_ms)
    return device.presence.flapping_since_ms is not None and not liveness.is_flapping(device.presence, now_ms)


def record_silence(device: Device, now_ms: int) -> bool:
    """Mark a silent device offline, with one notification; False when it called meanwhile.

    A device that flaps is reported as flapping, not as offline. If it is still offline when its flapping ends, that is
    reported then.
    """
    if not device.online:
        return _store_silence(device, after_flapping(device.presence), device_alerts.device_offline(device, now_ms))
    after = after_change(device.presence, now_ms)
    if liveness.begins_to_flap(device.presence, after):
        return _store_silence(device, after, device_alerts.device_flapping(device, now_ms))
    return _store_silence(
        device, after, None if after.flapping_since_ms else device_alerts.device_offline(device, now_ms)
    )


def _store_silence(device: Device, after: Presence, alert: Notification | None) -> bool:
    write = Transaction()
    put_offline(write, device, after, after.calm_at_ms if after.flapping_since_ms is not None else None)
    events: list[Event] = [DeviceChanged(replace(device, online=False, presence=after))]
    if alert is not None:
        events.append(NotificationAdded(enqueue_notification(write, alert)))
    if not write.commit():
        return False
    publish(*events)
    return True


def record_agent_report(device: Device, version: str | None, dropped_readings: int | None, now_ms: int) -> Device:
    """Store what an agent reports of itself; dropped readings are notified once an episode.

    Args:
        device: The device that reports.
        version: Of the agent; None if it was not reported.
        dropped_readings: Running total; None if it was not reported.
        now_ms: When it reported.

    Returns:
        The device as it is then.
    """
    report, newly_dropped = device.agent.updated(version, dropped_readings, now_ms)
    if report == device.agent:
        return device
    updated = replace(device, agent=report)
    if not newly_dropped:
        save_agent_report(device, report)  # if another report was stored meanwhile, that one is newer
        return updated
    write = Transaction()
    put_agent_report(write, device, report)
    stored = enqueue_notification(write, device_alerts.readings_dropped(device, newly_dropped, now_ms))
    if write.commit():
        publish(NotificationAdded(stored))
    return updated


def mark_silent_devices(now_ms: int, deadline: Deadline | None = None) -> int:
    """Mark silent devices offline; only devices that are due are read. A call of a device meanwhile always wins.

    Args:
        now_ms: The present (epoch ms).
        deadline: Asked before each device; those left stay due for the next run. None for no end.

    Returns:
        How many devices were marked.

    Raises:
        Exception: The first error, after all other devices had their turn; a device that failed stays due.
    """
    marked = 0
    with ErrorCollector(LOG) as errors:
        for device_id in (
            device_id for shard in _shards_in_turn(now_ms) for device_id in load_due_device_ids(shard, now_ms)
        ):
            if deadline is not None and deadline.expired:
                LOG.warning("more devices are silent than this run can mark; the next one goes on")
                break
            with errors.collect(f"marking device {telemetry.hashed(device_id)}"):
                marked += _mark_if_silent(device_id, now_ms)
    return marked


def _shards_in_turn(now_ms: int) -> list[str]:
    """All partitions, each minute beginning with another, so that a flood in one does not hold up the others."""
    every = shards()
    first = now_ms // MINUTE_MS % len(every)
    return [*every[first:], *every[:first]]


def _mark_if_silent(device_id: str, now_ms: int) -> bool:
    device = load_device(device_id)
    return device is not None and is_due(device, now_ms) and record_silence(device, now_ms)
