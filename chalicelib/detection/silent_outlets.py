"""Outlets whose meter fell silent while their device calls without readings: the owner is notified once an episode.

After a call with readings, the stream compares the outlets of the device with each other (detection/service.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core.dynamo import Transaction
from chalicelib.core.event_bus import Event, publish
from chalicelib.core.settings import settings
from chalicelib.detection import outlet_silence
from chalicelib.detection.cut_decisions import Effects, with_silence
from chalicelib.detection.domain_events import OutletSilenceChanged
from chalicelib.detection.store import load_device_state, put_device_state
from chalicelib.devices.model import Device
from chalicelib.notifications.model import NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification
from chalicelib.ports.model import Port


def note_silent_outlets(device: Device, ports: Sequence[Port], now_ms: int) -> None:
    """Mark the outlets of a device that are silent at this call, and notify the owner.

    device is what was known before the call: one that has just come back may still have its readings to send.
    """
    if not ports or not _was_in_touch(device, now_ms):
        return
    before = load_device_state(device.device_uid)
    heard_ms = outlet_silence.heard_ms(now_ms, settings().upload_seconds) or now_ms
    known = [(port, before.ports[port.port_id]) for port in ports if port.port_id in before.ports]
    silent = [
        (port, with_silence(port, Effects(state), heard_ms, now_ms))
        for port, state in known
        if outlet_silence.begins_ms(state, heard_ms) is not None
    ]
    if not silent:
        return
    write = Transaction()
    after = dict(before.ports) | {port.port_id: effects.state for port, effects in silent}
    put_device_state(write, replace(before, ports=after))
    events: list[Event] = []
    for port, effects in silent:
        events.append(OutletSilenceChanged(port, effects.state))
        if effects.notification:
            events.append(NotificationAdded(enqueue_notification(write, effects.notification)))
    if write.commit():  # else new readings came at this moment: the next call looks again
        publish(*events)


def _was_in_touch(device: Device, now_ms: int) -> bool:
    """Whether a device has been online without a break for as long as the shortest silence."""
    if not device.online or device.last_seen_ms is None or now_ms - device.last_seen_ms > device.presence.late_ms:
        return False
    changes_ms = device.presence.changes_ms
    return not changes_ms or now_ms - changes_ms[-1] >= outlet_silence.LEAST_MS
