"""What every call of a device ends with: its presence is noted, and it learns what is wanted of its relays."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.devices import Device
from chalicelib.domain.liveness import heartbeat_seconds
from chalicelib.domain.ports import Port
from chalicelib.domain.replies import DeviceReply
from chalicelib.services import presence
from chalicelib.settings import settings


def reply_to(device: Device, ports: Sequence[Port], now_ms: int) -> DeviceReply:
    """Note that the device called (at most once a minute) and make its reply."""
    presence.note_call(device, now_ms)
    pace_seconds = heartbeat_seconds(device.created_at_ms, len(ports), now_ms)
    return DeviceReply(now_ms, settings().upload_seconds, pace_seconds, ports)
