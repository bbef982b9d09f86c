"""How often a device is told to call and to upload, whatever tells it."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.core.settings import settings
from chalicelib.devices.liveness import heartbeat_seconds
from chalicelib.devices.model import Device
from chalicelib.realtime import publisher as live

WATCHED_SECONDS = 2
"""The pace of uploads while somebody looks: that of the readings."""


class Pace(NamedTuple):
    """Seconds between uploads of readings, and between heartbeats."""

    upload_seconds: int
    heartbeat_seconds: int


def pace_of(device: Device, port_count: int, now_ms: int) -> Pace:
    """The pace of a device: slow and cheap, but quick while its owner has a page open or adds its first outlet."""
    usual = settings().upload_seconds
    is_watched = usual > WATCHED_SECONDS and live.is_watching(device.owner_id)
    upload_seconds = WATCHED_SECONDS if is_watched else usual
    return Pace(upload_seconds, heartbeat_seconds(device.created_at_ms, port_count, now_ms))
