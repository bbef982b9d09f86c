"""The buffer between the meters and the cloud: a reading leaves it only when the cloud has answered for it.

A batch is fixed (its id, its readings, their order, their true stamps) and on the disk before it is first sent, so that
a resend after a lost answer, a restart or a power cut is the same batch, which the cloud recognises.

Live readings are those that came since the last live batch; after a short outage they go in order. When many wait the
newest go first, and the others become backlog, which goes oldest first. So the present passes a long past. No more than
MAX_OPEN_BATCHES are unanswered at a time, and every batch that was ever sent keeps its id.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.boots import Boots
from ghostwatt_pi.clock import PROCESS_TIMER, Clock, Timer
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.spool_file import open_spool
from ghostwatt_pi.wire import ReadingResult

MAX_BATCH_READINGS = 500
MAX_BATCH_SPAN_MS = 24 * 3600 * 1000
"""Both are the contract's. 500 readings are at most 115 KB, well under its 256 KB."""
MAX_OPEN_BATCHES = 2
"""The one that an outage caught, and the live one that passes it."""
MAX_IN_ORDER = 4 * MAX_BATCH_READINGS
"""So many live readings are sent in order: the cloud never cuts by a reading that comes after a later one."""
MAX_READINGS = 1_000_000
"""Nearly six days of four outlets at one reading in two seconds, about 70 MB; past it the oldest are dropped."""
MAX_REJECTED = 100_000
"""Refused readings kept for a person to look at; past it the oldest go."""
OLDEST = "SELECT id, timestamp_ms, boot FROM readings WHERE batch_id IS NULL AND channel = ? ORDER BY id LIMIT ?"
NEWEST = "SELECT id, timestamp_ms, boot FROM readings WHERE batch_id IS NULL AND channel = ? ORDER BY id DESC LIMIT ?"


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


Waiting = tuple[int, int, int]
"""(id, channel, true epoch milliseconds) of a reading that is in no batch."""


class Spool:
    """The SQLite file at `path`. Safe to use from several threads of one process.

    Every change is one transaction, on the disk when the method returns. A file found damaged is put aside and its
    readings saved into a new one: `salvage` says so. `timer` is the one that measurements are stamped by.
    Raises sqlite3.Error when the disk fails or is full.
    """

    def __init__(self, path: Path, max_readings: int = MAX_READINGS, timer: Timer = PROCESS_TIMER) -> None:
        self._lock = threading.Lock()
        self._max_readings = max_readings
        self._db, self.salvage = open_spool(path)
        with self._db:
            self._boots = Boots(self._db, timer)
            self._db.execute("INSERT OR IGNORE INTO totals (id, dropped) VALUES (1, 0)")
        self._dropped = int(self._db.execute("SELECT dropped FROM totals").fetchone()[0])
        rows = self._db.execute("SELECT channel, count(*) FROM readings WHERE batch_id IS NULL GROUP BY channel")
        self._waiting = Counter(dict(rows.fetchall()))
        self._live = Counter(self._waiting)
        rows = self._db.execute(
            "SELECT batch_id, count(*) FROM readings WHERE batch_id IS NOT NULL GROUP BY batch_id ORDER BY max(id)"
        )
        self._open: dict[str, int] = dict(rows.fetchall())  # batch id -> readings, by age

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def waiting(self, channels: Iterable[int]) -> int:
        """How many readings of these channels are not in a batch yet."""
        with self._lock:
            return sum(self._waiting[channel] for channel in set(channels))

    def live(self, channels: Iterable[int]) -> int:
        """How many of these channels' waiting readings came since the last live batch."""
        with self._lock:
            return sum(self._live_of(channel) for channel in set(channels))

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """Whether a batch is unanswered, or readings of these channels wait that are not live."""
        with self._lock:
            return bool(self._open) or any(self._waiting[each] > self._live_of(each) for each in channels)

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether no batch is unanswered and no reading of these channels waits."""
        with self._lock:
            return not self._open and all(self._waiting[channel] == 0 for channel in channels)

    def total(self) -> int:
        """How many readings the cloud has not answered for."""
        with self._lock:
            return self._waiting.total() + sum(self._open.values())

    def rejected(self) -> int:
        """How many refused readings are kept aside."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM rejected").fetchone()[0])

    def dropped(self) -> int:
        """How many readings had to go to make room, ever."""
        with self._lock:
            return self._dropped

    def resume(self, clock: Clock) -> None:
        """Let the clock go on where an earlier process of this boot left it."""
        with self._lock:
            self._boots.resume(clock)

    def follow(self, clock: Clock) -> int:
        """Date what waits by this clock; returns how many readings of earlier boots could be dated only by guess."""
        with self._lock, self._db:
            moved = self._boots.moved
            self._boots.follow(clock)
            return self._boots.moved - moved

    def add(self, measurements: Sequence[Measurement]) -> int:
        """Keep these; returns how many of the oldest readings had to go to make room."""
        rows = [
            (m.channel, m.timestamp_ms + self._boots.shift_ms, m.voltage, m.current, m.power, self._boots.current)
            for m in measurements
        ]
        with self._lock, self._db:
            self._db.executemany(
                "INSERT INTO readings (channel, timestamp_ms, voltage, current, power, boot) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            channels = [m.channel for m in measurements]
            self._waiting.update(channels)
            self._live.update(channels)
            return self._drop_oldest()

    def next_live_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """A new batch of live readings: in order if few wait, else of the newest, the others becoming backlog.

        When too many batches are unanswered it is the youngest of these. None when nothing is live.
        """
        with self._lock, self._db:
            if len(self._open) >= MAX_OPEN_BATCHES:
                return self._open_batch(list(self._open)[-1])
            live = {channel: self._live_of(channel) for channel in port_ids}
            if sum(live.values()) <= MAX_IN_ORDER:
                chosen = self._within_span(self._ends(live, newest=True)[::-1][:limit])
                self._live.subtract(channel for _, channel, _ in chosen)
            else:
                newest = self._ends({channel: min(limit, count) for channel, count in live.items()}, newest=True)
                chosen = self._within_span(newest[:limit])[::-1]
                self._live.clear()
            return self._fix(chosen, port_ids)

    def next_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """The oldest unanswered batch, else a new one of the oldest readings whose channel has a port.

        `port_ids` maps channels to ports; a batch once made keeps the ports it was made with.
        """
        with self._lock, self._db:
            if self._open:
                return self._open_batch(next(iter(self._open)))
            oldest = self._ends(dict.fromkeys(port_ids, limit), newest=False)
            return self._fix(self._within_span(oldest[:limit]), port_ids)

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
            self._open.pop(batch.batch_id, None)

    def release(self, batch: Batch) -> None:
        """Take a batch apart: its readings wait again, to be sent under another id. Their stamps stay."""
        with self._lock, self._db:
            rows = self._db.execute("SELECT channel FROM readings WHERE batch_id = ?", [batch.batch_id]).fetchall()
            self._db.execute("UPDATE readings SET batch_id = NULL, port_id = NULL WHERE batch_id = ?", [batch.batch_id])
            self._waiting.update(channel for (channel,) in rows)
            self._open.pop(batch.batch_id, None)

    def _live_of(self, channel: int) -> int:
        """Never more than wait: the bound may have dropped some."""
        return min(self._live[channel], self._waiting[channel])

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
        self._dropped += len(oldest)
        self._db.execute("UPDATE totals SET dropped = ?", [self._dropped])
        return len(oldest)

    def _open_batch(self, batch_id: str) -> Batch:
        rows = self._db.execute(
            "SELECT id, port_id, timestamp_ms, voltage, current, power FROM readings WHERE batch_id = ? ORDER BY id",
            [batch_id],
        ).fetchall()
        return Batch(batch_id, tuple(SpooledReading(*row) for row in rows))

    def _fix(self, chosen: list[Waiting], port_ids: Mapping[int, str]) -> Batch | None:
        """Make these a batch, for good."""
        if not chosen:
            return None
        batch_id = uuid.uuid4().hex
        self._db.executemany(
            "UPDATE readings SET batch_id = ?, port_id = ?, timestamp_ms = ?, boot = NULL WHERE id = ?",
            [(batch_id, port_ids[channel], timestamp_ms, row_id) for row_id, channel, timestamp_ms in chosen],
        )
        self._waiting.subtract(channel for _, channel, _ in chosen)
        self._open[batch_id] = len(chosen)
        return self._open_batch(batch_id)

    def _ends(self, limits: Mapping[int, int], *, newest: bool) -> list[Waiting]:
        """Waiting readings from one end, at most so many a channel, with their true stamps.

        One look-up a channel: a channel without a port may hold very many, which must not be read through each time.
        """
        found: list[Waiting] = []
        corrections = self._boots.corrections()
        for channel, limit in limits.items():
            rows = self._db.execute(NEWEST if newest else OLDEST, [channel, limit]).fetchall()
            found += [(row_id, channel, stamp_ms + corrections[boot]) for row_id, stamp_ms, boot in rows]
        return sorted(found, reverse=newest)

    @staticmethod
    def _within_span(rows: list[Waiting]) -> list[Waiting]:
        """As many rows from the start as lie within one batch's span; at least one, as far as there is any."""
        first = last = rows[0][2] if rows else 0
        for index, (_, _, timestamp_ms) in enumerate(rows):
            first, last = min(first, timestamp_ms), max(last, timestamp_ms)
            if last - first > MAX_BATCH_SPAN_MS:
                return rows[:index]
        return rows
