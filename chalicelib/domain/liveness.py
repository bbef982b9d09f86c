"""Liveness: when a device counts as online, and when silence becomes offline."""

from __future__ import annotations

import zlib

HEARTBEAT_SECONDS = 60
SILENCE_MS = max(int(2.5 * HEARTBEAT_SECONDS), 90) * 1_000
"""Two heartbeats may be lost; half of one more is the network's."""
FRESH_MS = 55_000
"""Presence newer than this is not written again: at most one write a minute, and none lost at a beat of 60 s."""
SHARDS = 4
"""How many partitions hold the devices that are online, by the time they fall due."""


def due_at_ms(last_seen_ms: int) -> int:
    """When a device that stays silent becomes offline."""
    return last_seen_ms + SILENCE_MS


def is_silent(last_seen_ms: int, now_ms: int) -> bool:
    """Whether a device has been silent for too long."""
    return now_ms >= due_at_ms(last_seen_ms)


def needs_touch(online: bool, last_seen_ms: int | None, now_ms: int) -> bool:
    """Whether this call of a device is worth a write of its presence."""
    return not online or last_seen_ms is None or now_ms - last_seen_ms >= FRESH_MS


def shard(device_id: str) -> str:
    """The partition of the due index that a device belongs to."""
    return str(zlib.crc32(device_id.encode()) % SHARDS)


def shards() -> list[str]:
    """All partitions of the due index."""
    return [str(number) for number in range(SHARDS)]
