"""What every call of a device ends with: its presence is noted, and it learns what is wanted of its relays."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.devices import Device
from chalicelib.domain.liveness import heartbeat_seconds
from chalicelib.domain.ports import Port
from chalicelib.domain.replies import DeviceReply
from chalicelib.services.push import live
from chalicelib.services.readings import presence
from chalicelib.settings import settings

WATCHED_SECONDS = 2
"""The pace of uploads while somebody looks: that of the readings."""


def reply_to(device: Device, ports: Sequence[Port], now_ms: int) -> DeviceReply:
    """Note that the device called (at most once a minute) and make its reply."""
    presence.note_call(device, now_ms)
    pace_seconds = heartbeat_seconds(device.created_at_ms, len(ports), now_ms)
    return DeviceReply(now_ms, _upload_seconds(device.owner_id), pace_seconds, ports)


def _upload_seconds(owner_id: str) -> int:
    """The slow and cheap pace that is set, but a quick one while the owner has a page open."""
    usual = settings().upload_seconds
    return WATCHED_SECONDS if usual > WATCHED_SECONDS and live.is_watching(owner_id) else usual
