"""The clocks behind a buffered timestamp: one for each boot, and timestamps that only increase.

The rules are those of ghostwatt_pi/clock.py.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from ghostwatt_pi.clock import Clock, Timer

EARLIEST_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""No reading was taken before this agent was written."""


class BootClock:
    """The table `boots`. Stamps of a boot are kept on one scale, `base_ms` plus the time since that boot.

    A change is the caller's transaction. `moved` counts readings that could be placed only by guess (rule 7).
    """

    def __init__(self, db: sqlite3.Connection, timer: Timer) -> None:
        self.moved = 0
        self._db = db
        db.execute("INSERT OR IGNORE INTO boots (boot_id, base_ms) VALUES (?, ?)", [timer.boot_id, timer.base_ms])
        self.current, self._base_ms, correction_ms, is_known = db.execute(
            "SELECT id, base_ms, correction_ms, is_known FROM boots WHERE boot_id = ?", [timer.boot_id]
        ).fetchone()
        self.shift_ms = int(self._base_ms - timer.base_ms)  # from the process's scale to the boot's
        self._told = (int(correction_ms), bool(is_known))

    def resume(self, clock: Clock) -> None:
        """Let the clock go on where an earlier process of this boot left it."""
        correction_ms, is_known = self._told
        clock.resume(self._base_ms + correction_ms, is_known=is_known)

    def follow(self, clock: Clock) -> bool:
        """Take what the clock knows now; whether that was anything new."""
        told = (clock.offset_ms - self._base_ms, clock.is_known)
        if told == self._told:
            return False
        self._db.execute("UPDATE boots SET correction_ms = ?, is_known = ? WHERE id = ?", [*told, self.current])
        if clock.is_known and not self._told[1]:
            self._place_earlier(clock.offset_ms)
        self._told = told
        return True

    def corrections(self) -> dict[int | None, int]:
        """What to add to a stamp of each boot; nothing to one that is on no boot's clock."""
        return {None: 0, **dict(self._db.execute("SELECT id, correction_ms FROM boots").fetchall())}

    def _place_earlier(self, began_ms: int) -> None:
        """Give every earlier boot without an answer its place; `began_ms` is when the boot after it began."""
        earlier = self._db.execute(
            "SELECT id, base_ms, correction_ms, is_known FROM boots WHERE id < ? ORDER BY id DESC", [self.current]
        ).fetchall()
        for boot, base_ms, correction_ms, is_known in earlier:
            placed_ms = correction_ms if is_known else self._place(boot, correction_ms, began_ms)
            self._db.execute("UPDATE boots SET correction_ms = ?, is_known = 1 WHERE id = ?", [placed_ms, boot])
            began_ms = base_ms + placed_ms

    def _place(self, boot: int, correction_ms: int, next_began_ms: int) -> int:
        """The correction of one boot: as its own wall clock had it if that can be, else up to the next boot."""
        first_ms, last_ms, count = self._db.execute(
            "SELECT min(timestamp_ms), max(timestamp_ms), count(*) FROM readings WHERE boot = ?", [boot]
        ).fetchone()
        if count == 0 or (first_ms + correction_ms >= EARLIEST_MS and last_ms + correction_ms <= next_began_ms):
            return correction_ms
        self.moved += count
        return int(next_began_ms - last_ms)


MOST_MOVED_MS = 60_000
"""Answers are waited for 40 s, so a mended time moves no stamp further; past this it is not the time that was mended,
and the stamp stays as it is."""
Stamped = tuple[int, int]
"""A reading's id and its stamp, epoch milliseconds."""
BEFORE_ALL, AFTER_ALL = (0, -1), (2**63 - 1, 2**63 - 1)


class MonotonicTimestamps:
    """The table `edges`: of each batch and channel the first and the last reading, as far as others still lie between.

    A change is the caller's transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def last_id(self) -> int:
        """The highest id of an edge: the next reading's must be higher, though all before it be gone."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM edges").fetchone()[0])

    def give(self, channel: int, readings: Sequence[Stamped]) -> list[Stamped]:
        """A channel's waiting readings with their final stamps, in the order of their ids.

        Those that had a stamp in a batch before keep it: it fits already.
        """
        own = {row_id for row_id, _ in readings}
        found = self._db.execute("SELECT id, timestamp_ms FROM edges WHERE channel = ? ORDER BY id", [channel])
        edges = [BEFORE_ALL, *(edge for edge in found if edge[0] not in own), AFTER_ALL]
        given: list[Stamped] = []
        for place, run in groupby(readings, key=lambda reading: bisect(edges, reading)):
            given += self._fit(channel, edges[place - 1], list(run), edges[place])
        return given

    def keep(self, channel: int, given: Sequence[Stamped]) -> None:
        """These were given and are in a batch now; edges below all that still waits are forgotten but for one."""
        rows = [(row_id, channel, stamp_ms) for row_id, stamp_ms in (given[0], given[-1])]
        self._db.executemany("INSERT OR REPLACE INTO edges (id, channel, timestamp_ms) VALUES (?, ?, ?)", rows)
        self._db.execute(FORGET, {"channel": channel})

    def _fit(self, channel: int, before: Stamped, run: Sequence[Stamped], after: Stamped) -> Iterator[Stamped]:
        """The readings of a run between two edges; a millisecond is left for each that waits on either side."""
        least_ms = before[1] + 1 + self._waiting(channel, before, run[0])
        most_ms = after[1] - len(run) - self._waiting(channel, run[-1], after)
        for number, (row_id, believed_ms) in enumerate(run):
            fitted_ms = max(least_ms, min(believed_ms, most_ms + number))
            stamp_ms = fitted_ms if abs(fitted_ms - believed_ms) <= MOST_MOVED_MS else believed_ms
            least_ms = stamp_ms + 1
            yield row_id, stamp_ms

    def _waiting(self, channel: int, low: Stamped, high: Stamped) -> int:
        """How many wait between; not counted where no stamp could be in the way."""
        if high[1] - low[1] > 2 * MOST_MOVED_MS:
            return 0
        return int(self._db.execute(BETWEEN, [channel, low[0], high[0]]).fetchone()[0])


BETWEEN = "SELECT count(*) FROM readings WHERE batch_id IS NULL AND channel = ? AND id > ? AND id < ?"
FORGET = """
DELETE FROM edges WHERE channel = :channel AND id < (
    SELECT max(id) FROM edges WHERE channel = :channel AND id < coalesce(
        (SELECT min(id) FROM readings WHERE batch_id IS NULL AND channel = :channel), 9223372036854775807))"""
