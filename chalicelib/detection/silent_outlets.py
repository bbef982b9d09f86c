"""Outlets whose meter fell silent while their device calls: told once a spell, by a call that brings no readings.

A call with readings tells nothing here: the stream compares the outlets of a device with each other (examine.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core.dynamo import Transaction
from chalicelib.core.settings import settings
from chalicelib.detection import silence
from chalicelib.detection import store as states
from chalicelib.detection.effects import FollowUp, with_silence
from chalicelib.devices.model import Device
from chalicelib.notifications import outbox as notify
from chalicelib.ports.model import Port
from chalicelib.realtime import publisher as live


def note_silent_outlets(device: Device, ports: Sequence[Port], now_ms: int) -> None:
    """Mark the outlets of a device that are silent at this call, and tell it; the next call finds what is left.

    device is what was known before the call: one that has just come back may still have its readings to send.
    """
    if not ports or not _was_in_touch(device, now_ms):
        return
    before = states.load(device.device_uid)
    heard_ms = silence.heard_ms(now_ms, settings().upload_seconds) or now_ms
    looked_at = [(port, before.ports[port.port_id]) for port in ports if port.port_id in before.ports]
    silent = [
        (port, with_silence(port, FollowUp(state), heard_ms, now_ms))
        for port, state in looked_at
        if silence.begins_ms(state, heard_ms) is not None
    ]
    if not silent:
        return
    write = Transaction()
    after = dict(before.ports) | {port.port_id: followed.state for port, followed in silent}
    states.put(write, replace(before, ports=after))
    for _, followed in silent:
        if followed.notification:
            notify.put(write, followed.notification)
    if not write.commit():  # new readings at this moment: look again at the next call
        return
    for port, followed in silent:
        told = notify.message(followed.notification) if followed.notification else None
        live.push(device.owner_id, [live.port_message(port, followed.state), told])


def _was_in_touch(device: Device, now_ms: int) -> bool:
    """Whether a device has been online without a break for as long as the shortest silence."""
    if not device.online or device.last_seen_ms is None or now_ms - device.last_seen_ms > device.presence.late_ms:
        return False
    changes_ms = device.presence.changes_ms
    return not changes_ms or now_ms - changes_ms[-1] >= silence.LEAST_MS
