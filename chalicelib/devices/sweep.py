"""The sweep: devices that have been silent for too long become offline, each with one notification a spell."""

from __future__ import annotations

import logging

from chalicelib.core import telemetry
from chalicelib.core.due_index import shards
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.devices import presence
from chalicelib.devices import store as devices

LOG = logging.getLogger("ghostwatt.sweep")


def sweep(now_ms: int) -> int:
    """Mark silent devices offline, reading only those that are due; returns how many there were.

    A call of the device in between always wins. One that cannot be marked stays due; its error is raised in the end.
    """
    marked = 0
    with ErrorCollector(LOG) as errors:
        for device_id in (device_id for shard in shards() for device_id in devices.due(shard, now_ms)):
            with errors.collect(f"marking device {telemetry.hashed(device_id)}"):
                marked += _mark(device_id, now_ms)
    return marked


def _mark(device_id: str, now_ms: int) -> bool:
    device = devices.load(device_id)
    if device is None or not presence.is_due(device, now_ms):
        return False
    return presence.note_silence(device, now_ms)
