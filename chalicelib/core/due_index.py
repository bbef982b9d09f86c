"""Partitions of the indexes by due time: online devices, notifications to deliver, digests, roll-ups.

Several partitions share the load of an index; the schedule reads all of them. Their number may grow, since the first
ones stay among them; what lay in a partition that is no more would never be found.
"""

from __future__ import annotations

import zlib

from chalicelib.core.settings import settings


def shard(name: str) -> str:
    """The partition of a due index that a device or a person belongs to."""
    return str(zlib.crc32(name.encode()) % settings().due_shards)


def shards() -> list[str]:
    """All partitions of a due index."""
    return [str(number) for number in range(settings().due_shards)]
