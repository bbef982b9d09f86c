"""The buffer between the meters and the cloud: a reading leaves it only when the cloud has answered for it.

A batch is fixed (its id, its readings, their order, their true stamps) and on the disk before it is first sent, so that
a resend after a lost answer, a restart or a power cut is the same batch, which the cloud recognises.

Live readings are those that came since the last live batch; after a short outage they go in order. When many wait the
newest go first, and the others become backlog, which goes oldest first. So the present passes a long past. No more than
MAX_OPEN_BATCHES are unanswered at a time, and every batch that was ever sent keeps its id.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS, Batch, Batcher, Waiting, within_span
from ghostwatt_pi.buffer.clock import BootClock, MonotonicTimestamps
from ghostwatt_pi.buffer.recovery import open_spool
from ghostwatt_pi.buffer.rejected import RejectedReadings
from ghostwatt_pi.buffer.stats import Counters
from ghostwatt_pi.clock import PROCESS_TIMER, Clock, Timer
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.schemas import ReadingResult

MAX_OPEN_BATCHES = 2
"""The one that an outage caught, and the live one that passes it."""
MAX_DEFERRED_BATCHES = 8
"""Batches that the cloud fails at time and again. When it fails at more, their content is not the reason."""
MAX_IN_ORDER = 4 * MAX_BATCH_READINGS
"""So many live readings are sent in order: the cloud never cuts by a reading that comes after a later one."""
MAX_READINGS = 1_000_000
"""Nearly six days of four outlets at one reading in two seconds, about 70 MB; past it the oldest are dropped."""


class Retired(Exception):
    """This spool was replaced by another."""


class ReadingStore:
    """The SQLite file at `path`. Safe to use from several threads of one process.

    Every change is one transaction, on the disk when the method returns. A file found damaged is put aside and its
    readings saved into a new one: `salvage` says so. `unsendable` counts readings of before that no message can carry,
    and that are kept aside now. `timer` is the one that measurements are stamped by. With `db` that connection is used.
    Raises sqlite3.Error when the disk fails or is full: then nothing has changed. Raises Retired after `retire`.
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
        self._db, self.recovery = (db, None) if db else open_spool(path)
        self._rejected = RejectedReadings(self._db)
        with self._db:
            self._boot_clock = BootClock(self._db, timer)
            self._db.execute("INSERT OR IGNORE INTO totals (id, dropped) VALUES (1, 0)")
            self.unsendable = self._rejected.keep_unsendable()
        stamps, self._counters = MonotonicTimestamps(self._db), Counters(self._db)
        self._batcher = Batcher(self._db, self._boot_clock, stamps)
        highest = self._db.execute("SELECT coalesce(max(id), 0) FROM readings").fetchone()[0]
        self._last_id = max(int(highest), stamps.last_id())  # SQLite itself would use the ids of the gone again
        self._dropped = int(self._db.execute("SELECT dropped FROM totals").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def retire(self) -> sqlite3.Connection:
        """Another spool takes this one's place: no call changes it any more, and its connection is for a copy."""
        with self._lock:
            self._is_retired = True
            return self._db

    def resume_use(self) -> None:
        """It is not replaced after all."""
        with self._lock:
            self._is_retired = False

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction. When it fails, what is counted in memory is counted anew."""
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

    def waiting(self, channels: Iterable[int]) -> int:
        """How many readings of these channels are not in a batch yet."""
        with self._lock:
            return sum(self._counters.waiting[channel] for channel in set(channels))

    def live(self, channels: Iterable[int]) -> int:
        """How many of these channels' waiting readings came since the last live batch."""
        with self._lock:
            return sum(self._counters.live_of(channel) for channel in set(channels))

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """Whether there is anything to send but live readings of these channels, and batches that are set behind."""
        with self._lock:
            return self._counters.has_backlog(channels)

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether nothing of these channels is left to send, but batches that are set behind."""
        with self._lock:
            return self._counters.is_clear(channels)

    def waiting_by_channel(self) -> Mapping[int, int]:
        """How many readings of each channel are not in a batch yet."""
        with self._lock:
            return {channel: count for channel, count in self._counters.waiting.items() if count > 0}

    def total(self) -> int:
        """How many readings the cloud has not answered for."""
        with self._lock:
            return self._counters.total()

    def rejected(self) -> int:
        """How many refused readings are kept aside."""
        with self._lock:
            return self._rejected.count()

    def dropped(self) -> int:
        """How many readings had to go to make room, ever."""
        with self._lock:
            return self._dropped

    def resume(self, clock: Clock) -> None:
        """Let the clock go on where an earlier process of this boot left it."""
        with self._lock:
            self._boot_clock.resume(clock)

    def follow(self, clock: Clock) -> int:
        """Date what waits by this clock; returns how many readings of earlier boots could be dated only by guess."""
        with self._change():
            moved = self._boot_clock.moved
            self._boot_clock.follow(clock)
            return self._boot_clock.moved - moved

    def add(self, measurements: Sequence[Measurement]) -> int:
        """Keep these; returns how many of the oldest readings had to go to make room.

        Raises ValueError for a measurement that the cloud could never store: nothing may wait here for ever.
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
                )
                for row_id, m in enumerate(measurements, self._last_id + 1)
            ]
            self._db.executemany(
                "INSERT INTO readings (id, channel, timestamp_ms, voltage, current, power, boot)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._last_id += len(rows)
            self._counters.added(m.channel for m in measurements)
            return self._drop_oldest()

    def import_readings(self, readings: Sequence[tuple[int, int, float, float, float]]) -> int:
        """Let another spool's readings wait here: (channel, true epoch milliseconds, volts, amps, watts).

        Returns how many of them no message can carry: these are kept aside.
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
        """A new batch of live readings: in order if few wait, else of the newest, the others becoming backlog.

        When too many batches are unanswered it is the youngest of these. None when nothing is live.
        """
        with self._change():
            if len(self._counters.open) >= MAX_OPEN_BATCHES:
                return self._batcher.read(list(self._counters.open)[-1])
            live = {channel: self._counters.live_of(channel) for channel in port_ids}
            if sum(live.values()) <= MAX_IN_ORDER:
                chosen = within_span(self._batcher.newest(live)[::-1][:limit])
                self._counters.live.subtract(channel for _, channel, _ in chosen)
            else:
                newest = self._batcher.newest({channel: min(limit, count) for channel, count in live.items()})
                chosen = within_span(newest[:limit])[::-1]
                self._counters.live.clear()
            return self._fix(chosen, port_ids)

    def next_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """The oldest unanswered batch, else a new one of the oldest readings whose channel has a port.

        `port_ids` maps channels to ports; a batch once made keeps the ports it was made with.
        """
        with self._change():
            if self._counters.open:
                return self._batcher.read(next(iter(self._counters.open)))
            oldest = self._batcher.oldest(dict.fromkeys(port_ids, limit))
            return self._fix(within_span(oldest[:limit]), port_ids)

    def acknowledge(self, batch: Batch, results: Sequence[ReadingResult]) -> None:
        """The cloud has answered: forget what is stored or was there already, keep what it rejected aside."""
        with self._change():
            self._db.execute("DELETE FROM readings WHERE batch_id = ?", [batch.batch_id])
            self._rejected.keep(batch, results)
            self._counters.answered(batch.batch_id)

    def release(self, batch: Batch) -> None:
        """Take a batch apart: its readings wait again, to be sent under another id. Their stamps stay."""
        with self._change():
            rows = self._db.execute("SELECT channel FROM readings WHERE batch_id = ?", [batch.batch_id]).fetchall()
            self._db.execute("UPDATE readings SET batch_id = NULL, port_id = NULL WHERE batch_id = ?", [batch.batch_id])
            self._counters.waiting.update(channel for (channel,) in rows)
            self._counters.answered(batch.batch_id)

    def defer(self, batch: Batch) -> bool:
        """Let the others pass this batch until `bring_forward` or the next start; False if too many are behind."""
        with self._lock:
            if len(self._counters.deferred) >= MAX_DEFERRED_BATCHES:
                return False
            self._counters.defer(batch.batch_id)
            return True

    def requeue(self) -> None:
        """What was set behind has its turn again, after the batches that are open now."""
        with self._lock:
            self._counters.requeue()

    def _drop_oldest(self) -> int:
        """Drop what is over the bound, oldest first; never of a batch, which may not change any more."""
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

    def _fix(self, chosen: Sequence[Waiting], port_ids: Mapping[int, str]) -> Batch | None:
        """Make these a batch, for good."""
        if not chosen:
            return None
        batch = self._batcher.fix(chosen, port_ids)
        self._counters.fixed(batch.batch_id, (channel for _, channel, _ in chosen))
        return batch
