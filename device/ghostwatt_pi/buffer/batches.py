"""Batches: readings that are sent together, under one id, until the cloud has answered."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ghostwatt_pi.buffer.boot_clock import BootClock, MonotonicTimestamps
from ghostwatt_pi.schemas import HELD_MS, NULL_VOLTS

MAX_BATCH_READINGS = 500
MAX_BATCH_SPAN_MS = 24 * 3600 * 1000
"""Both are the contract's. 500 readings are at most 125 KB, well under its 256 KB."""
WAITING = "SELECT id, timestamp_ms, boot, held_ms FROM readings WHERE batch_id IS NULL AND channel = ?"
OLDEST, NEWEST = f"{WAITING} ORDER BY id LIMIT ?", f"{WAITING} ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class BufferedReading:
    """A reading of a batch; `row_id` is its id in the buffer."""

    row_id: int
    port_id: str
    timestamp_ms: int
    voltage: float | None
    current: float | None
    power: float
    held_ms: int = 0

    def fits(self, accepted: frozenset[str]) -> bool:
        """Whether a cloud that accepts this takes the reading in its present form."""
        has_volts = self.voltage is not None and self.current is not None
        return (not self.held_ms or HELD_MS in accepted) and (has_volts or NULL_VOLTS in accepted)

    def values(self) -> tuple[str, int, float | None, float | None, float, int]:
        """Return (port, timestamp, volts, amps, watts, held milliseconds)."""
        return self.port_id, self.timestamp_ms, self.voltage, self.current, self.power, self.held_ms

    def to_json(self) -> dict[str, object]:
        """Return the reading in the contract's form."""
        body: dict[str, object] = {
            "portId": self.port_id,
            "timestampMs": self.timestamp_ms,
            "voltage": self.voltage,
            "current": self.current,
            "power": self.power,
        }
        return {**body, "heldMs": self.held_ms} if self.held_ms else body


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that are sent together, always under the same id, until the cloud has answered."""

    batch_id: str
    readings: tuple[BufferedReading, ...]

    def to_json(self, sent_at_ms: int) -> dict[str, object]:
        """Return the body of one attempt to send the batch; `sent_at_ms` is this attempt's."""
        readings = [reading.to_json() for reading in self.readings]
        return {"batchId": self.batch_id, "sentAtMs": sent_at_ms, "readings": readings}


class WaitingReading(NamedTuple):
    """A reading that is in no batch; `timestamp_ms` is corrected to the cloud's time."""

    row_id: int
    channel: int
    timestamp_ms: int
    held_ms: int = 0


class Batcher:
    """Makes batches of waiting readings, and reads them again. A change is part of the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, boot_clock: BootClock, timestamps: MonotonicTimestamps) -> None:
        self._db, self._boot_clock, self._timestamps = db, boot_clock, timestamps

    def oldest(self, limits: Mapping[int, int]) -> list[WaitingReading]:
        """Return the oldest waiting readings, oldest first; `limits` has the most of each channel."""
        return sorted(self._select(OLDEST, limits))

    def newest(self, limits: Mapping[int, int]) -> list[WaitingReading]:
        """Return the newest waiting readings, newest first; `limits` has the most of each channel."""
        return sorted(self._select(NEWEST, limits), reverse=True)

    def make(self, chosen: Sequence[WaitingReading], port_ids: Mapping[int, str], *, with_spans: bool) -> Batch:
        """Make a batch of these readings, in the order of their ids, with their ports and final timestamps.

        Without `with_spans` a reading's `held_ms` is dropped, for good: the batch is for a cloud that does not know it.
        """
        batch_id = uuid.uuid4().hex
        for channel in {reading.channel for reading in chosen}:
            believed = [(reading.row_id, reading.timestamp_ms) for reading in chosen if reading.channel == channel]
            final = self._timestamps.assign(channel, believed)
            self._db.executemany(
                "UPDATE readings SET batch_id = ?, port_id = ?, timestamp_ms = ?, boot = NULL WHERE id = ?",
                [(batch_id, port_ids[channel], timestamp_ms, row_id) for row_id, timestamp_ms in final],
            )
            self._timestamps.keep(channel, final)
        if not with_spans:
            self._db.execute("UPDATE readings SET held_ms = 0 WHERE batch_id = ? AND held_ms > 0", [batch_id])
        return self.read(batch_id)

    def read(self, batch_id: str) -> Batch:
        """Return the batch as it was made."""
        rows = self._db.execute(
            "SELECT id, port_id, timestamp_ms, voltage, current, power, held_ms FROM readings"
            " WHERE batch_id = ? ORDER BY id",
            [batch_id],
        ).fetchall()
        return Batch(batch_id, tuple(BufferedReading(*row) for row in rows))

    def _select(self, select: str, limits: Mapping[int, int]) -> list[WaitingReading]:
        """Look up each channel by itself: one without a port may hold very many readings, which are not read then."""
        waiting: list[WaitingReading] = []
        corrections = self._boot_clock.corrections()
        for channel, limit in limits.items():
            rows = self._db.execute(select, [channel, limit]).fetchall()
            waiting += [
                WaitingReading(row_id, channel, at_ms + corrections[boot], held_ms)
                for row_id, at_ms, boot, held_ms in rows
            ]
        return waiting


def within_span(readings: list[WaitingReading]) -> list[WaitingReading]:
    """Return as many readings from the start as lie within one batch's span; at least one if there is any."""
    first_ms = last_ms = readings[0].timestamp_ms if readings else 0
    for index, reading in enumerate(readings):
        first_ms = min(first_ms, reading.timestamp_ms - reading.held_ms)
        last_ms = max(last_ms, reading.timestamp_ms)
        if last_ms - first_ms > MAX_BATCH_SPAN_MS:
            return readings[:index]
    return readings
