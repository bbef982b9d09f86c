"""The pace of a device: how often it is told to upload and to call, in replies and in pushed commands alike."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.core.settings import settings
from chalicelib.core.times import MINUTE_MS
from chalicelib.devices.liveness import HEARTBEAT_SECONDS
from chalicelib.devices.model import Device
from chalicelib.realtime.connections import is_watching

WATCHED_SECONDS = 2
"""Between uploads while the owner has a page open: that of the readings."""
SETUP_HEARTBEAT_SECONDS = 5
"""Between heartbeats of a new device without outlets: somebody stands beside it and adds the first one."""
SETUP_MS = 10 * MINUTE_MS


class Pace(NamedTuple):
    """Seconds between uploads of readings, and between heartbeats."""

    upload_seconds: int
    heartbeat_seconds: int


def pace_of(device: Device, port_count: int, now_ms: int) -> Pace:
    """The pace of a device: slow and cheap, but fast while its owner has a page open or adds its first outlet."""
    usual = settings().upload_seconds
    is_watched = usual > WATCHED_SECONDS and is_watching(device.owner_id)
    upload_seconds = WATCHED_SECONDS if is_watched else usual
    is_in_setup = port_count == 0 and now_ms - device.created_at_ms < SETUP_MS
    return Pace(upload_seconds, SETUP_HEARTBEAT_SECONDS if is_in_setup else HEARTBEAT_SECONDS)
