"""The sweep: devices that have been silent for too long become offline, each with one notification a spell."""

from __future__ import annotations

from chalicelib.domain.liveness import shards
from chalicelib.services import presence
from chalicelib.storage import devices


def sweep(now_ms: int) -> int:
    """Mark silent devices offline, reading only those that are due; returns how many there were.

    A call of the device in between always wins.
    """
    return sum(_mark(device_id, now_ms) for shard in shards() for device_id in devices.due(shard, now_ms))


def _mark(device_id: str, now_ms: int) -> bool:
    device = devices.load(device_id)
    if device is None or not presence.is_due(device, now_ms):
        return False
    return presence.note_silence(device, now_ms)
