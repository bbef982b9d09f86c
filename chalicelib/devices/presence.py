"""Presence of devices: noting that one called, that one fell silent, and what its Pi says of itself."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.dynamo import Transaction, retry_conflicts_from
from chalicelib.core.errors import Busy
from chalicelib.core.events import Event, publish
from chalicelib.devices import device_alerts, liveness
from chalicelib.devices import store as devices
from chalicelib.devices.liveness import Presence, after_call, after_change, after_flapping, is_call_due_for_storing
from chalicelib.devices.model import Device, DeviceChanged
from chalicelib.notifications.model import Notification, NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification


def note_call(device: Device, now_ms: int) -> bool:
    """Note that a device called, at most once a minute; one that came back is shown, and may begin to flap.

    Returns whether it was time to note it.
    """

    def attempt(latest: Device | None) -> bool | None:
        if latest is None or latest.device_uid != device.device_uid:
            return False
        if not is_call_due_for_storing(latest.online, latest.last_seen_ms, now_ms):
            return False
        is_agent = device.agent.version is not None
        after = after_call(latest.presence, latest.last_seen_ms, now_ms, online=latest.online, is_agent=is_agent)
        return _touch(latest, after, now_ms) or None

    try:
        return retry_conflicts_from(device, attempt, lambda: devices.load(device.device_id), "This device is busy.")
    except Busy:  # another call of the device was noted then
        return False


def _touch(device: Device, after: Presence, now_ms: int) -> bool:
    if not liveness.begins_to_flap(device.presence, after):
        touched = devices.touch(device, after, now_ms)
        if touched and not device.online:
            publish(DeviceChanged(replace(device, online=True, last_seen_ms=now_ms, presence=after)))
        return touched
    write = Transaction()
    devices.put_touch(write, device, after, now_ms)
    news = enqueue_notification(write, _flapping(device, now_ms))
    if not write.commit():
        return False
    publish(DeviceChanged(replace(device, online=True, last_seen_ms=now_ms)), NotificationAdded(news))
    return True


def is_due(device: Device, now_ms: int) -> bool:
    """Whether the sweep has something to note of a device: it fell silent, or has calmed down after flapping."""
    if device.online and device.last_seen_ms is not None:
        return liveness.is_silent(device.last_seen_ms, device.presence, now_ms)
    return device.presence.flapping_since_ms is not None and not liveness.is_flapping(device.presence, now_ms)


def note_silence(device: Device, now_ms: int) -> bool:
    """Mark a device offline that has been silent for too long, with one alert; False when it called meanwhile.

    One that flaps is told as flapping, not as offline; if it is offline still when it has calmed down, that is told.
    """
    if not device.online:
        return _store_silence(device, after_flapping(device.presence), _offline(device, now_ms))
    after = after_change(device.presence, now_ms)
    begins = liveness.begins_to_flap(device.presence, after)
    news = _flapping(device, now_ms) if begins else None if after.flapping_since_ms else _offline(device, now_ms)
    return _store_silence(device, after, news)


def _store_silence(device: Device, after: Presence, news: Notification | None) -> bool:
    write = Transaction()
    devices.put_offline(write, device, after, after.calm_at_ms if after.flapping_since_ms is not None else None)
    events: list[Event] = [DeviceChanged(replace(device, online=False, presence=after))]
    if news is not None:
        events.append(NotificationAdded(enqueue_notification(write, news)))
    if not write.commit():
        return False
    publish(*events)
    return True


def note_report(device: Device, version: str | None, dropped_readings: int | None, now_ms: int) -> Device:
    """Note what a Pi says of itself; readings that it had to drop are told, once a spell. The device as it is then."""
    after, lost = device.agent.updated(version, dropped_readings, now_ms)
    if after == device.agent:
        return device
    known = replace(device, agent=after)
    if not lost:
        devices.save_agent(device, after)  # when it said something else meanwhile, that is newer
        return known
    write = Transaction()
    devices.put_agent(write, device, after)
    stored = enqueue_notification(write, device_alerts.readings_dropped(device, lost, now_ms))
    if write.commit():
        publish(NotificationAdded(stored))
    return known


def _flapping(device: Device, now_ms: int) -> Notification:
    return device_alerts.device_flapping(device, now_ms)


def _offline(device: Device, now_ms: int) -> Notification:
    return device_alerts.device_offline(device, now_ms)
