"""What the buffer holds: counters in memory for the agent, and a read-only view for other processes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ghostwatt_pi.buffer.schema import connect_readonly
from ghostwatt_pi.data_directory import DataDirectory


@dataclass(frozen=True, slots=True)
class Waiting:
    """Readings of a channel that the cloud has not acknowledged, and when the oldest was taken as far as is known."""

    channel: int
    readings: int
    oldest_at_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Readings that the cloud rejected with this code, for this field, and when it last did."""

    code: str
    field: str | None
    readings: int
    last_at_ms: int


@dataclass(frozen=True, slots=True)
class BufferStats:
    """What the buffer holds. `dropped` counts readings that made room for newer ones; `bytes` is its size on disk.

    `put_aside` counts readings that version 0.1.0 archived.
    `damage` says why the buffer cannot be read; the agent recovers it when it starts.
    """

    waiting: tuple[Waiting, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    dropped: int = 0
    bytes: int = 0
    put_aside: int = 0
    damage: str | None = None

    @property
    def depth(self) -> int:
        """The number of readings that wait."""
        return sum(channel.readings for channel in self.waiting)


def read_stats(directory: DataDirectory) -> BufferStats:
    """Read what the buffer holds, beside a running agent. It never fails: `damage` says what cannot be read."""
    put_aside = sum(_count(path) for path in directory.former_dir.glob(f"*/{directory.buffer_path.name}"))
    empty = BufferStats(put_aside=put_aside)
    if not directory.buffer_path.exists() or (
        directory.buffer_path.is_file() and directory.buffer_path.stat().st_size == 0
    ):
        return empty
    try:
        with _reading(directory.buffer_path) as db:
            return replace(
                empty,
                waiting=tuple(Waiting(*row) for row in db.execute(WAITING)),
                rejected=tuple(Rejected(*row) for row in db.execute(REJECTED)),
                dropped=sum(row[0] for row in db.execute("SELECT dropped FROM totals")),
                bytes=sum(path.stat().st_size for path in directory.buffer_files()),
            )
    except sqlite3.Error as error:
        return replace(empty, damage=str(error))


def is_sound(path: Path) -> bool:
    """Whether SQLite finds no damage in the file. Raises sqlite3.Error."""
    with _reading(path) as db:
        return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


WAITING = """
SELECT channel, count(*), min(timestamp_ms + coalesce(correction_ms, 0))
FROM readings LEFT JOIN boots ON boots.id = readings.boot GROUP BY channel ORDER BY channel"""
"""A timestamp without a boot is final already (see cloud_time.py)."""
REJECTED = """
SELECT code, field, count(*), max(rejected_at_ms) FROM rejected GROUP BY code, field ORDER BY count(*) DESC"""


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_readonly(path)) as db:
        yield db


def _count(path: Path) -> int:
    """Return how many readings a buffer's file holds; 0 when it cannot be read."""
    try:
        with _reading(path) as db:
            return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])
    except sqlite3.Error:
        return 0


class Counters:
    """How many readings the buffer holds, counted once when it is opened and then kept in memory.

    By channel: `waiting` are in no batch; of these, `live_of` came since the last live batch. Batches without an answer
    are `open`, oldest first, or `deferred`; both map a batch id to its number of readings.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self.recount_waiting(db)
        self.live = Counter(self.waiting)
        rows = db.execute(
            "SELECT batch_id, count(*) FROM readings WHERE batch_id IS NOT NULL GROUP BY batch_id ORDER BY max(id)"
        )
        self.open: dict[str, int] = dict(rows.fetchall())
        self.deferred: dict[str, int] = {}

    def recount_waiting(self, db: sqlite3.Connection) -> None:
        """Count again what waits."""
        rows = db.execute("SELECT channel, count(*) FROM readings WHERE batch_id IS NULL GROUP BY channel")
        self.waiting: Counter[int] = Counter(dict(rows.fetchall()))

    def live_of(self, channel: int) -> int:
        """Return a channel's live readings: never more than wait, since the oldest may have been dropped."""
        return min(self.live[channel], self.waiting[channel])

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """Whether a batch is open, or readings of these channels wait that are not live."""
        return bool(self.open) or any(self.waiting[channel] > self.live_of(channel) for channel in channels)

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether no batch is open and no reading of these channels waits."""
        return not self.open and all(self.waiting[channel] == 0 for channel in channels)

    def total(self) -> int:
        """Return the number of all readings."""
        return self.waiting.total() + sum(self.open.values()) + sum(self.deferred.values())

    def added(self, channels: Iterable[int]) -> None:
        """Count new readings: they wait, and are live."""
        added = Counter(channels)
        self.waiting.update(added)
        self.live.update(added)

    def batched(self, batch_id: str, channels: Iterable[int]) -> None:
        """Count waiting readings that became a batch."""
        taken = Counter(channels)
        self.waiting.subtract(taken)
        self.open[batch_id] = taken.total()

    def answered(self, batch_id: str) -> None:
        """Forget a batch that was answered or taken apart."""
        self.open.pop(batch_id, None)
        self.deferred.pop(batch_id, None)

    def defer(self, batch_id: str) -> None:
        """Let the other batches pass this one."""
        if readings := self.open.pop(batch_id, 0):
            self.deferred[batch_id] = readings

    def requeue(self) -> None:
        """Give deferred batches their turn again, after those that are open now."""
        self.open |= self.deferred
        self.deferred = {}
