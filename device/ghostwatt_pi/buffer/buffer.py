"""The buffer of a running agent: it goes on when the disk is full, read-only or worn out.

Then it copies all that waits into memory; the agent measures into that copy and sends from it. The file stays as it is,
so a restart sends the same readings again, which the cloud recognises. When there is room again, or when everything is
sent, the buffer returns to the disk.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS, Batch
from ghostwatt_pi.buffer.recovery import RecoveryReport, put_in_place, recovered_path
from ghostwatt_pi.buffer.schema import connect_readonly, prepare
from ghostwatt_pi.buffer.store import ReadingStore, Retired
from ghostwatt_pi.cloud_time import PROCESS_TIMER, Clock, Timer
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.schemas import ReadingResult

T = TypeVar("T")
RING_READINGS = 20_000
"""New readings kept in memory, about 2 MB; past it the oldest are dropped."""
MOST_COPIED_BYTES = 80_000_000
"""A full buffer is 70 MB; the service may use 200 MB."""
ROOM_BYTES = 2_000_000
"""Room that SQLite's log needs beside the buffer."""
FIRST_RETURN_SECONDS, MOST_RETURN_SECONDS = 30.0, 1800.0
"""How long the disk is left alone after it failed; the time doubles at each failure."""
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Buffer:
    """A ReadingStore at `path`, or in memory while the disk fails; `disk` says so. Thread-safe."""

    def __init__(self, path: Path, disk: Disk, timer: Timer = PROCESS_TIMER) -> None:
        self._path, self._disk, self._timer = path, disk, timer
        self._lock = threading.Lock()
        self._is_in_memory = False
        self._return_at, self._wait_seconds = 0.0, FIRST_RETURN_SECONDS
        self._accepted: frozenset[str] | None = None  # until the cloud has answered
        try:
            self._store = ReadingStore(path, timer=timer)
        except (OSError, sqlite3.OperationalError) as error:
            self._enter_memory(_read(path), error)

    @property
    def recovery(self) -> RecoveryReport | None:
        """What was recovered when the file was opened; None when it was whole."""
        return self._store.recovery

    @property
    def unsendable(self) -> int:
        """How many readings of an earlier version were rejected, since no message can carry them."""
        return self._store.unsendable

    def close(self) -> None:
        """Close the file; from memory, first try to return to the disk."""
        if self._is_in_memory:
            self._return_to_disk()
        with suppress(sqlite3.Error):
            self._store.close()

    def add(self, measurements: Sequence[Measurement]) -> int:
        """As ReadingStore.add."""
        if self._is_in_memory and time.monotonic() >= self._return_at:
            self._return_to_disk()
        return self._do(lambda store: store.add(measurements))

    def set_accepted(self, accepted: frozenset[str]) -> None:
        """As ReadingStore.set_accepted."""
        self._accepted = accepted
        self._do(lambda store: store.set_accepted(accepted))

    def without_volts(self) -> set[int]:
        """As ReadingStore.without_volts."""
        return self._store.without_volts()

    def waiting_by_channel(self) -> Mapping[int, int]:
        """As ReadingStore.waiting_by_channel."""
        return self._store.waiting_by_channel()

    def live(self, channels: Iterable[int]) -> int:
        """As ReadingStore.live."""
        return self._store.live(channels)

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """As ReadingStore.has_backlog."""
        return self._store.has_backlog(channels)

    def is_clear(self, channels: Iterable[int]) -> bool:
        """As ReadingStore.is_clear."""
        return self._store.is_clear(channels)

    def total(self) -> int:
        """As ReadingStore.total."""
        return self._store.total()

    def dropped(self) -> int:
        """As ReadingStore.dropped."""
        return self._store.dropped()

    def resume(self, clock: Clock) -> None:
        """As ReadingStore.resume."""
        self._store.resume(clock)

    def follow(self, clock: Clock) -> int:
        """As ReadingStore.follow."""
        return self._do(lambda store: store.follow(clock))

    def next_live_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """As ReadingStore.next_live_batch."""
        return self._do(lambda store: store.next_live_batch(port_ids, limit))

    def next_batch(self, port_ids: Mapping[int, str], limit: int = MAX_BATCH_READINGS) -> Batch | None:
        """As ReadingStore.next_batch."""
        return self._do(lambda store: store.next_batch(port_ids, limit))

    def acknowledge(self, batch: Batch, results: Sequence[ReadingResult], again: Sequence[int] = ()) -> None:
        """As ReadingStore.acknowledge."""
        self._do(lambda store: store.acknowledge(batch, results, again))

    def release(self, batch: Batch) -> None:
        """As ReadingStore.release."""
        self._do(lambda store: store.release(batch))

    def defer(self, batch: Batch) -> bool:
        """As ReadingStore.defer."""
        return self._store.defer(batch)

    def requeue(self) -> None:
        """As ReadingStore.requeue."""
        self._store.requeue()

    def _do(self, work: Callable[[ReadingStore], T]) -> T:
        """Work on the store; when the disk fails, on its copy in memory."""
        while True:
            store = self._store
            try:
                return work(store)
            except Retired:
                with self._lock:  # until the other thread has put another in its place
                    continue
            except sqlite3.OperationalError as error:
                if self._is_in_memory or (error.sqlite_errorcode & 0xFF) in BUSY:
                    raise
                self._leave_disk(store, error)

    def _leave_disk(self, store: ReadingStore, error: Exception) -> None:
        with self._lock:
            if self._store is not store:
                return  # the other thread was quicker
            db = store.retire()
            self._enter_memory(db, error)
        with suppress(sqlite3.Error):
            db.close()

    def _enter_memory(self, source: sqlite3.Connection | None, error: Exception) -> None:
        """Go on with a copy of `source` in memory. Raises `error` when it is too large to be copied."""
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        copied = 0
        if source:
            if _size_bytes(source) > MOST_COPIED_BYTES:
                raise error
            source.backup(memory)
        prepare(memory)
        copied = int(memory.execute("SELECT count(*) FROM readings").fetchone()[0])
        self._store = self._with_accepted(ReadingStore(self._path, copied + RING_READINGS, self._timer, db=memory))
        self._is_in_memory = True
        self._return_at = time.monotonic() + self._wait_seconds
        self._wait_seconds = min(2 * self._wait_seconds, MOST_RETURN_SECONDS)
        self._disk.failed(self._path, _reason(error))

    def _return_to_disk(self) -> None:
        """Return to the disk, if that loses nothing that only the old file has."""
        with self._lock:
            self._return_at = time.monotonic() + self._wait_seconds
            memory = self._store
            try:
                needs_bytes = _size_bytes(memory.retire()) + ROOM_BYTES
                if memory.total() and shutil.disk_usage(self._path.parent).free < needs_bytes:
                    memory.resume_use()
                    return
                self._store = self._write_to_disk(memory)
            except (OSError, sqlite3.Error):
                memory.resume_use()
                return
            self._is_in_memory = False
        memory.close()
        self._disk.works(self._path)

    def _write_to_disk(self, memory: ReadingStore) -> ReadingStore:
        """Return a store on the disk with all that is in memory.

        Raises OSError, sqlite3.Error: then the old file is still there, unless everything in it was sent.
        """
        fresh = recovered_path(self._path)
        if not memory.total():  # the old file makes room
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        try:
            fresh.touch(mode=0o600)
            with closing(sqlite3.connect(fresh)) as file:
                memory.retire().backup(file)
            put_in_place(fresh, self._path)
        except (OSError, sqlite3.Error):
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        return self._with_accepted(ReadingStore(self._path, timer=self._timer))

    def _with_accepted(self, store: ReadingStore) -> ReadingStore:
        """Tell a store that replaces another what the cloud accepts."""
        if self._accepted is not None:
            store.set_accepted(self._accepted)
        return store


def _read(path: Path) -> sqlite3.Connection | None:
    """Open the buffer's file for a copy; None when there is none that can be read."""
    if not path.is_file():
        return None
    try:
        db = connect_readonly(path)
        db.execute("SELECT count(*) FROM readings")
    except sqlite3.Error:
        return None
    return db


def _size_bytes(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[0])


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
