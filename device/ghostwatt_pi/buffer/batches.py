"""Batches: readings that are sent together, under one id, until the cloud has answered."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ghostwatt_pi.buffer.clock import BootClock, MonotonicTimestamps

MAX_BATCH_READINGS = 500
MAX_BATCH_SPAN_MS = 24 * 3600 * 1000
"""Both are the contract's. 500 readings are at most 115 KB, well under its 256 KB."""


@dataclass(frozen=True, slots=True)
class BufferedReading:
    """A reading of a batch; `row_id` is its place in the spool."""

    row_id: int
    port_id: str
    timestamp_ms: int
    voltage: float
    current: float
    power: float

    def to_json(self) -> dict[str, object]:
        """The reading as the contract has it."""
        return {
            "portId": self.port_id,
            "timestampMs": self.timestamp_ms,
            "voltage": self.voltage,
            "current": self.current,
            "power": self.power,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that are sent together, always under the same id, until the cloud has answered."""

    batch_id: str
    readings: tuple[BufferedReading, ...]


OLDEST = "SELECT id, timestamp_ms, boot FROM readings WHERE batch_id IS NULL AND channel = ? ORDER BY id LIMIT ?"
NEWEST = "SELECT id, timestamp_ms, boot FROM readings WHERE batch_id IS NULL AND channel = ? ORDER BY id DESC LIMIT ?"
Waiting = tuple[int, int, int]
"""(id, channel, true epoch milliseconds) of a reading that is in no batch."""


class Batcher:
    """Works on the spool's table `readings`; a change is the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, boot_clock: BootClock, stamps: MonotonicTimestamps) -> None:
        self._db, self._boot_clock, self._stamps = db, boot_clock, stamps

    def oldest(self, limits: Mapping[int, int]) -> list[Waiting]:
        """The oldest waiting readings, at most so many a channel, the oldest first."""
        return sorted(self._ends(OLDEST, limits))

    def newest(self, limits: Mapping[int, int]) -> list[Waiting]:
        """The newest waiting readings, at most so many a channel, the newest first."""
        return sorted(self._ends(NEWEST, limits), reverse=True)

    def fix(self, chosen: Sequence[Waiting], port_ids: Mapping[int, str]) -> Batch:
        """Give these, in the order of their ids, an id of a batch, their ports and their final stamps."""
        batch_id = uuid.uuid4().hex
        for channel in {channel for _, channel, _ in chosen}:
            believed = [(row_id, stamp_ms) for row_id, of, stamp_ms in chosen if of == channel]
            given = self._stamps.give(channel, believed)
            self._db.executemany(
                "UPDATE readings SET batch_id = ?, port_id = ?, timestamp_ms = ?, boot = NULL WHERE id = ?",
                [(batch_id, port_ids[channel], stamp_ms, row_id) for row_id, stamp_ms in given],
            )
            self._stamps.keep(channel, given)
        return self.read(batch_id)

    def read(self, batch_id: str) -> Batch:
        """The batch as it was fixed."""
        rows = self._db.execute(
            "SELECT id, port_id, timestamp_ms, voltage, current, power FROM readings WHERE batch_id = ? ORDER BY id",
            [batch_id],
        ).fetchall()
        return Batch(batch_id, tuple(BufferedReading(*row) for row in rows))

    def _ends(self, select: str, limits: Mapping[int, int]) -> list[Waiting]:
        """One look-up a channel: one without a port may hold very many, which must not be read through each time."""
        found: list[Waiting] = []
        corrections = self._boot_clock.corrections()
        for channel, limit in limits.items():
            rows = self._db.execute(select, [channel, limit]).fetchall()
            found += [(row_id, channel, stamp_ms + corrections[boot]) for row_id, stamp_ms, boot in rows]
        return found


def within_span(rows: list[Waiting]) -> list[Waiting]:
    """As many rows from the start as lie within one batch's span; at least one, as far as there is any."""
    first = last = rows[0][2] if rows else 0
    for index, (_, _, timestamp_ms) in enumerate(rows):
        first, last = min(first, timestamp_ms), max(last, timestamp_ms)
        if last - first > MAX_BATCH_SPAN_MS:
            return rows[:index]
    return rows
