"""Stores readings in SQLite from measurement to acknowledgement: add, take the next batch, acknowledge it.

A batch is on the disk, with its id, readings, order and final timestamps, before it is first sent. So a resend after a
lost answer, a restart or a power cut is the same batch, which the cloud recognises.

Live readings are those that came since the last live batch. After a short outage they are sent in order. When many
wait, the newest are sent first and the others become backlog, which is sent oldest first, so that a long backlog does
not delay the present. At most MAX_OPEN_BATCHES are unanswered at a time, and a batch that was sent keeps its id.

What the cloud accepts may change: another version may take its place. `set_accepted` says so. A batch whose readings it
does not accept any more is taken apart; its readings are sent without `held_ms`, and those without volts wait.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS, Batch, Batcher, WaitingReading, within_span
from ghostwatt_pi.buffer.boot_clock import BootClock, MonotonicTimestamps
from ghostwatt_pi.buffer.recovery import open_database
from ghostwatt_pi.buffer.rejected import RejectedReadings
from ghostwatt_pi.buffer.stats import Counters
from ghostwatt_pi.cloud_time import PROCESS_TIMER, Clock, Timer
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.schemas import HELD_MS, NULL_VOLTS, ReadingResult

MAX_OPEN_BATCHES = 2
"""The batch that an outage interrupted, and the live one that passes it."""
MAX_DEFERRED_BATCHES = 8
"""When the cloud fails at more batches than these, their content is not the reason."""
MAX_IN_ORDER = 4 * MAX_BATCH_READINGS
"""Most live readings that are sent in order: the cloud never cuts by a reading that arrives after a later one."""
MAX_READINGS = 1_000_000
"""About 70 MB: nearly six days of four outlets at one reading in two seconds, some months of spans. Past it the oldest
are dropped."""
NEEDS_OF_BATCHES = """
SELECT batch_id, max(held_ms) > 0, max(voltage IS NULL OR current IS NULL) FROM readings
WHERE batch_id IS NOT NULL GROUP BY batch_id"""
WITHOUT_VOLTS = """
SELECT DISTINCT channel FROM readings WHERE batch_id IS NULL AND (voltage IS NULL OR current IS NULL)"""


class Retired(Exception):
    """Another store has replaced this one."""


class ReadingStore:
    """Readings in the SQLite file at `path`. Safe to use from several threads of one process.

    Every change is one transaction, on the disk when the method returns. A change raises sqlite3.Error when the disk
    fails or is full, and then has changed nothing; it raises Retired after `retire`.

    Attributes:
        recovery: What became of a damaged file; None when the file was whole.
        unsendable: Readings of an earlier version that no message can carry; they were rejected at the start.

    Args:
        path: The file.
        max_readings: Past this number the oldest are dropped.
        timer: The timer by which measurements get their timestamps.
        db: A connection to use instead of the file.
    """

    def __init__(
        self,
        path: Path,
        max_readings: int = MAX_READINGS,
        timer: Timer = PROCESS_TIMER,
        *,
        db: sqlite3.Connection | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._max_readings = max_readings
        self._is_retired = False
        self._db, self.recovery = (db, None) if db else open_database(path)
        self._rejected = RejectedReadings(self._db)
        with self._db:
            self._boot_clock = BootClock(self._db, timer)
            self._db.execute("INSERT OR IGNORE INTO totals (id, dropped) VALUES (1, 0)")
            self.unsendable = self._rejected.keep_unsendable()
        timestamps, self._counters = MonotonicTimestamps(self._db), Counters(self._db)
        self._batcher = Batcher(self._db, self._boot_clock, timestamps)
        highest = self._db.execute("SELECT coalesce(max(id), 0) FROM readings").fetchone()[0]
        self._last_id = max(int(highest), timestamps.last_id())  # SQLite itself would use the ids of deleted rows again
        self._dropped = int(self._db.execute("SELECT dropped FROM totals").fetchone()[0])
        self._accepted: frozenset[str] = frozenset()
        self._without_volts: set[int] = set()  # channels that wait, since the cloud needs volts

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def retire(self) -> sqlite3.Connection:
        """End all changes, since another store takes this one's place; returns the connection for a copy."""
        with self._lock:
            self._is_retired = True
            return self._db

    def resume_use(self) -> None:
        """Allow changes again: this store is not replaced after all."""
        with self._lock:
            self._is_retired = False

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Run a transaction; when it fails, count anew what is counted in memory."""
        with self._lock:
            if self._is_retired:
                raise Retired
            try:
                with self._db:
                    yield
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.rollback()
                self._counters = Counters(self._db)
                self._dropped = int(self._db.execute("SELECT dropped FROM totals").fetchone()[0])
                raise

    def set_accepted(self, accepted: frozenset[str]) -> None:
        """Note what the cloud accepts, by its answer. Nothing may be sent before the first answer."""
        with self._change():
            self._accepted = accepted
            needs = self._db.execute(NEEDS_OF_BATCHES).fetchall()
            for batch_id, has_spans, has_null_volts in needs:
                if (has_spans and HELD_MS not in accepted) or (has_null_volts and NULL_VOLTS not in accepted):
                    self._release(batch_id)
            self._find_without_volts()

    def without_volts(self) -> set[int]:
        """Return the channels whose readings wait because the cloud does not take them without volts."""
        with self._lock:
            return set(self._without_volts)

    def waiting(self, channels: Iterable[int]) -> int:
        """Return how many readings of these channels are in no batch yet."""
        with self._lock:
            return sum(self._counters.waiting[channel] for channel in set(channels))

    def live(self, channels: Iterable[int]) -> int:
        """Return how many readings of these channels came since the last live batch."""
        with self._lock:
            return sum(self._counters.live_of(channel) for channel in self._sendable(channels))

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """Whether anything waits besides live readings of these channels and deferred batches."""
        with self._lock:
            return self._counters.has_backlog(self._sendable(channels))

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether nothing of these channels can be sent now but deferred batches."""
        with self._lock:
            return self._counters.is_clear(self._sendable(channels))

    def waiting_by_channel(self) -> Mapping[int, int]:
        """Return how many readings of each channel are in no batch yet."""
        with self._lock:
            return {channel: count for channel, count in self._counters.waiting.items() if count > 0}

    def total(self) -> int:
        """Return how many readings the cloud has not acknowledged."""
        with self._lock:
            return self._counters.total()

    def rejected(self) -> int:
        """Return how many rejected readings are kept."""
        with self._lock:
            return self._rejected.count()

    def dropped(self) -> int:
        """Return how many readings were ever dropped to make room."""
        with self._lock:
            return self._dropped

    def resume(self, clock: Clock) -> None:
        """Set the clock to what an earlier process of this boot knew."""
        with self._lock:
            self._boot_clock.resume(clock)

    def follow(self, clock: Clock) -> int:
        """Date waiting readings by this clock; returns how many of earlier boots could be dated only by guess."""
        with self._change():
            before = self._boot_clock.guessed
            self._boot_clock.follow(clock)
            return self._boot_clock.guessed - before

    def add(self, measurements: Sequence[Measurement]) -> int:
        """Add measurements; returns how many of the oldest readings were dropped to make room.

        Raises:
            ValueError: A measurement is none that the cloud would ever store, and would wait for ever.
        """
        if implausible := [measurement for measurement in measurements if not measurement.is_plausible()]:
            raise ValueError(f"not a measurement of an outlet: {implausible[0]}")
        boot_clock = self._boot_clock
        with self._change():
            rows = [
                (
                    row_id,
                    m.channel,
                    m.timestamp_ms + boot_clock.shift_ms,
                    m.voltage,
                    m.current,
                    m.power,
                    boot_clock.current,
                    m.held_ms,
                )
                for row_id, m in enumerate(measurements, self._last_id + 1)
            ]
            self._db.executemany(
                "INSERT INTO readings (id, channel, timestamp_ms, voltage, current, power, boot, held_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._last_id += len(rows)
            if NULL_VOLTS not in self._accepted:
                self._without_volts |= {m.channel for m in measurements if None in (m.voltage, m.current)}
            self._counters.added(m.channel for m in measurements)
            return self._drop_oldest()

    def import_readings(self, readings: Sequence[tuple[int, int, float | None, float | None, float]]) -> int:
        """Let the readings of an archive wait here.

        Args:
            readings: (channel, epoch milliseconds in the cloud's time, volts, amps, watts) of each.

        Returns:
            How many of them no message can carry; these are rejected.
        """
        with self._change():
            self._db.executemany(
                "INSERT INTO readings (id, channel, timestamp_ms, voltage, current, power) VALUES (?, ?, ?, ?, ?, ?)",
                [(row_id, *reading) for row_id, reading in enumerate(readings, self._last_id + 1)],
            )
            self._last_id += len(readings)
            unsendable = self._rejected.keep_unsendable()
            self._counters = Counters(self._db)
            return unsendable

    def next_live_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """Return a new batch of live readings: the oldest if few wait, else the newest, and the others become backlog.

        When too many batches are unanswered, return the youngest of these. Return None when nothing is live.
        """
        with self._change():
            if len(self._counters.open) >= MAX_OPEN_BATCHES:
                return self._batcher.read(list(self._counters.open)[-1])
            live = {channel: self._counters.live_of(channel) for channel in self._sendable(port_ids)}
            if sum(live.values()) <= MAX_IN_ORDER:
                chosen = within_span(self._batcher.newest(live)[::-1][:limit])
                self._counters.live.subtract(reading.channel for reading in chosen)
            else:
                newest = self._batcher.newest({channel: min(limit, count) for channel, count in live.items()})
                chosen = within_span(newest[:limit])[::-1]
                self._counters.live.clear()
            return self._make_batch(chosen, port_ids)

    def next_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """Return the oldest unanswered batch, else a new one of the oldest readings whose channel has a port.

        Args:
            port_ids: From a channel to its port. A batch keeps the ports that it was made with.
            limit: The most readings of a new batch.
        """
        with self._change():
            if self._counters.open:
                return self._batcher.read(next(iter(self._counters.open)))
            oldest = self._batcher.oldest(dict.fromkeys(self._sendable(port_ids), limit))
            return self._make_batch(within_span(oldest[:limit]), port_ids)

    def acknowledge(self, batch: Batch, results: Sequence[ReadingResult], again: Sequence[int] = ()) -> None:
        """Forget the readings of a batch that the cloud has answered; keep those that it rejected apart.

        Args:
            batch: The batch.
            results: The cloud's answer.
            again: The indexes of readings that wait again, in a form that the cloud accepts.
        """
        with self._change():
            row_ids = [(batch.readings[index].row_id,) for index in again]
            self._db.executemany("UPDATE readings SET batch_id = NULL, port_id = NULL WHERE id = ?", row_ids)
            self._db.execute("DELETE FROM readings WHERE batch_id = ?", [batch.batch_id])
            self._rejected.keep(batch, [result for result in results if result.index not in again])
            self._counters.answered(batch.batch_id)
            if again:
                self._counters.recount_waiting(self._db)
                self._find_without_volts()

    def release(self, batch: Batch) -> None:
        """Take a batch apart: its readings wait again, to be sent under another id with the same timestamps."""
        with self._change():
            self._release(batch.batch_id)

    def defer(self, batch: Batch) -> bool:
        """Let the other batches pass this one until `requeue` or the next start; False if too many are deferred."""
        with self._lock:
            if len(self._counters.deferred) >= MAX_DEFERRED_BATCHES:
                return False
            self._counters.defer(batch.batch_id)
            return True

    def requeue(self) -> None:
        """Give deferred batches their turn again, after those that are open now."""
        with self._lock:
            self._counters.requeue()

    def _release(self, batch_id: str) -> None:
        rows = self._db.execute("SELECT channel FROM readings WHERE batch_id = ?", [batch_id]).fetchall()
        self._db.execute("UPDATE readings SET batch_id = NULL, port_id = NULL WHERE batch_id = ?", [batch_id])
        self._counters.waiting.update(channel for (channel,) in rows)
        self._counters.answered(batch_id)

    def _find_without_volts(self) -> None:
        is_needed = NULL_VOLTS not in self._accepted
        self._without_volts = {row[0] for row in self._db.execute(WITHOUT_VOLTS)} if is_needed else set()

    def _sendable(self, channels: Iterable[int]) -> set[int]:
        """Return those of the channels whose readings the cloud accepts."""
        return set(channels) - self._without_volts

    def _drop_oldest(self) -> int:
        """Drop the oldest readings over the bound, but none of a batch, which may not change any more."""
        excess = self._counters.waiting.total() - self._max_readings
        if excess <= 0:
            return 0
        oldest = self._db.execute(
            "SELECT id, channel FROM readings WHERE batch_id IS NULL ORDER BY id LIMIT ?", [excess]
        ).fetchall()
        self._db.executemany("DELETE FROM readings WHERE id = ?", [(row_id,) for row_id, _ in oldest])
        self._counters.waiting.subtract(channel for _, channel in oldest)
        self._dropped += len(oldest)
        self._db.execute("UPDATE totals SET dropped = ?", [self._dropped])
        return len(oldest)

    def _make_batch(self, chosen: Sequence[WaitingReading], port_ids: Mapping[int, str]) -> Batch | None:
        """Make a batch of these readings; None when there are none."""
        if not chosen:
            return None
        batch = self._batcher.make(chosen, port_ids, with_spans=HELD_MS in self._accepted)
        self._counters.batched(batch.batch_id, (reading.channel for reading in chosen))
        return batch
