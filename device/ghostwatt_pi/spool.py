"""The buffer between the meters and the cloud: a reading leaves it only when the cloud has answered for it.

A batch is fixed (its id, its readings, their order) and on the disk before it is first sent, so that a resend after a
lost answer, a restart or a power cut is the same batch, which the cloud recognises.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.wire import ReadingResult

MAX_BATCH_READINGS = 500
MAX_BATCH_SPAN_MS = 24 * 3600 * 1000
"""Both are the contract's. 500 readings are at most 115 KB, well under its 256 KB."""
MAX_READINGS = 1_000_000
"""Nearly six days of four outlets at one reading in two seconds, about 60 MB; past it the oldest are dropped."""
MAX_REJECTED = 100_000
"""Refused readings kept for a person to look at; past it the oldest go."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL,
    batch_id TEXT, port_id TEXT);
CREATE INDEX IF NOT EXISTS waiting ON readings (channel, id) WHERE batch_id IS NULL;
CREATE INDEX IF NOT EXISTS batched ON readings (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY, rejected_at_ms INTEGER NOT NULL, port_id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL, code TEXT NOT NULL, field TEXT);
"""


@dataclass(frozen=True, slots=True)
class SpooledReading:
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
    readings: tuple[SpooledReading, ...]


class Spool:
    """The SQLite file at `path`. Safe to use from several threads of one process.

    Every change is one transaction, on the disk when the method returns (WAL, synchronous=FULL).
    Raises sqlite3.Error when the disk fails or is full.
    """

    def __init__(self, path: Path, max_readings: int = MAX_READINGS) -> None:
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._lock = threading.Lock()
        self._max_readings = max_readings
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        rows = self._db.execute("SELECT channel, count(*) FROM readings WHERE batch_id IS NULL GROUP BY channel")
        self._waiting = Counter(dict(rows.fetchall()))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def waiting(self, channels: Iterable[int]) -> int:
        """How many readings of these channels are not in a batch yet."""
        with self._lock:
            return sum(self._waiting[channel] for channel in set(channels))

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether no batch is unanswered and no reading of these channels waits."""
        with self._lock:
            return self._batched() == 0 and all(self._waiting[channel] == 0 for channel in channels)

    def total(self) -> int:
        """How many readings the cloud has not answered for."""
        with self._lock:
            return self._waiting.total() + self._batched()

    def rejected(self) -> int:
        """How many refused readings are kept aside."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM rejected").fetchone()[0])

    def add(self, measurements: Sequence[Measurement]) -> int:
        """Keep these; returns how many of the oldest readings had to go to make room."""
        rows = [(m.channel, m.timestamp_ms, m.voltage, m.current, m.power) for m in measurements]
        with self._lock, self._db:
            self._db.executemany(
                "INSERT INTO readings (channel, timestamp_ms, voltage, current, power) VALUES (?, ?, ?, ?, ?)", rows
            )
            self._waiting.update(m.channel for m in measurements)
            return self._drop_oldest()

    def next_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """The batch that is still unanswered, else a new one of the oldest readings whose channel has a port.

        `port_ids` maps channels to ports; a batch once made keeps the ports it was made with.
        """
        with self._lock, self._db:
            return self._open_batch() or (self._open_batch() if self._make_batch(port_ids, limit) else None)

    def settle(self, batch: Batch, results: Sequence[ReadingResult]) -> None:
        """The cloud has answered: forget what is stored or was there already, keep what it rejected aside."""
        rejected = [(batch.readings[result.index], result) for result in results if result.status == "rejected"]
        rows = [
            (now_ms(), r.port_id, r.timestamp_ms, r.voltage, r.current, r.power, result.code or "unknown", result.field)
            for r, result in rejected
        ]
        with self._lock, self._db:
            self._db.executemany(
                "INSERT INTO rejected (rejected_at_ms, port_id, timestamp_ms, voltage, current, power, code, field)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._db.execute("DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?", [MAX_REJECTED])
            self._db.execute("DELETE FROM readings WHERE batch_id = ?", [batch.batch_id])

    def release(self, batch: Batch) -> None:
        """Take a batch apart: its readings wait again, to be sent under another id."""
        with self._lock, self._db:
            rows = self._db.execute("SELECT channel FROM readings WHERE batch_id = ?", [batch.batch_id]).fetchall()
            self._db.execute("UPDATE readings SET batch_id = NULL, port_id = NULL WHERE batch_id = ?", [batch.batch_id])
            self._waiting.update(channel for (channel,) in rows)

    def _batched(self) -> int:
        rows = self._db.execute("SELECT count(*) FROM readings WHERE batch_id IS NOT NULL")
        return int(rows.fetchone()[0])

    def _drop_oldest(self) -> int:
        """Drop what is over the bound, oldest first; never of a batch, which may not change any more."""
        excess = self._waiting.total() - self._max_readings
        if excess <= 0:
            return 0
        oldest = self._db.execute(
            "SELECT id, channel FROM readings WHERE batch_id IS NULL ORDER BY id LIMIT ?", [excess]
        ).fetchall()
        self._db.executemany("DELETE FROM readings WHERE id = ?", [(row_id,) for row_id, _ in oldest])
        self._waiting.subtract(channel for _, channel in oldest)
        return len(oldest)

    def _open_batch(self) -> Batch | None:
        rows = self._db.execute(
            "SELECT batch_id, id, port_id, timestamp_ms, voltage, current, power FROM readings"
            " WHERE batch_id = (SELECT batch_id FROM readings WHERE batch_id IS NOT NULL LIMIT 1) ORDER BY id"
        ).fetchall()
        return Batch(rows[0][0], tuple(SpooledReading(*row[1:]) for row in rows)) if rows else None

    def _make_batch(self, port_ids: Mapping[int, str], limit: int) -> int:
        """Fix a new batch; returns its size, 0 when nothing waits."""
        chosen = _within_span(self._oldest(port_ids, limit))
        batch_id = uuid.uuid4().hex
        self._db.executemany(
            "UPDATE readings SET batch_id = ?, port_id = ? WHERE id = ?",
            [(batch_id, port_ids[channel], row_id) for row_id, channel, _ in chosen],
        )
        self._waiting.subtract(channel for _, channel, _ in chosen)
        return len(chosen)

    def _oldest(self, channels: Iterable[int], limit: int) -> list[tuple[int, int, int]]:
        """(id, channel, timestamp_ms) of waiting readings, oldest first.

        One look-up a channel: a channel without a port may hold very many, which must not be read through each time.
        """
        found: list[tuple[int, int, int]] = []
        for channel in channels:
            found += self._db.execute(
                "SELECT id, channel, timestamp_ms FROM readings WHERE batch_id IS NULL AND channel = ?"
                " ORDER BY id LIMIT ?",
                [channel, limit],
            ).fetchall()
        return sorted(found)[:limit]


def _within_span(rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """As many rows from the start as lie within one batch's span; at least one, as far as there is any."""
    first = last = rows[0][2] if rows else 0
    for index, (_, _, timestamp_ms) in enumerate(rows):
        first, last = min(first, timestamp_ms), max(last, timestamp_ms)
        if last - first > MAX_BATCH_SPAN_MS:
            return rows[:index]
    return rows
