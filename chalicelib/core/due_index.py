"""Partitions of the indexes by due time: online devices, notifications to deliver, digests, roll-ups.

Several partitions share the load of an index; the schedule reads all of them.
"""

from __future__ import annotations

import zlib

SHARDS = 4


def shard(name: str) -> str:
    """The partition of a due index that a device or a person belongs to."""
    return str(zlib.crc32(name.encode()) % SHARDS)


def shards() -> list[str]:
    """All partitions of a due index."""
    return [str(number) for number in range(SHARDS)]
