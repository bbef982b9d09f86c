"""The times of buffered readings: one clock for each boot, and timestamps of a channel that strictly increase.

The rules are those of ghostwatt_pi/cloud_time.py: BootClock does its rules 2, 6 and 7.

The learned time may move back. When the first answer took 30 s, the guess in its middle can be 15 s late, which the
next answer corrects. Then a reading would get the timestamp of one that was sent before, or an earlier one; the cloud
identifies a reading by port and time, and would take it for a duplicate. So MonotonicTimestamps moves a timestamp that
does not fit between those of the neighbours that were sent to just beside them.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from ghostwatt_pi.cloud_time import Clock, Timer

EARLIEST_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""No reading was taken before this agent was written."""
MOST_MOVED_MS = 60_000
"""The agent waits 40 s for an answer, so no correction moves a timestamp further. A larger move has another reason, and
the timestamp stays as it is."""
Timestamp = tuple[int, int]
"""(id of a reading, epoch milliseconds)."""
BEFORE_ALL, AFTER_ALL = (0, -1), (2**63 - 1, 2**63 - 1)


class BootClock:
    """The table `boots`: timestamps of one boot are kept on one scale, `base_ms` plus the time since that boot.

    A change is part of the caller's transaction. `guessed` counts readings that could be dated only by guess (rule 7).
    """

    def __init__(self, db: sqlite3.Connection, timer: Timer) -> None:
        self.guessed = 0
        self._db = db
        db.execute("INSERT OR IGNORE INTO boots (boot_id, base_ms) VALUES (?, ?)", [timer.boot_id, timer.base_ms])
        self.current, self._base_ms, correction_ms, is_known = db.execute(
            "SELECT id, base_ms, correction_ms, is_known FROM boots WHERE boot_id = ?", [timer.boot_id]
        ).fetchone()
        self.shift_ms = int(self._base_ms - timer.base_ms)  # from the process's scale to the boot's
        self._stored = (int(correction_ms), bool(is_known))

    def resume(self, clock: Clock) -> None:
        """Set the clock to what an earlier process of this boot knew."""
        correction_ms, is_known = self._stored
        clock.resume(self._base_ms + correction_ms, is_known=is_known)

    def follow(self, clock: Clock) -> None:
        """Keep what the clock knows now; when it learns the time for the first time, date the earlier boots."""
        learned = (clock.offset_ms - self._base_ms, clock.is_known)
        if learned == self._stored:
            return
        self._db.execute("UPDATE boots SET correction_ms = ?, is_known = ? WHERE id = ?", [*learned, self.current])
        if clock.is_known and not self._stored[1]:
            self._date_earlier_boots(clock.offset_ms)
        self._stored = learned

    def corrections(self) -> dict[int | None, int]:
        """Return the milliseconds to add to a timestamp of each boot; 0 for one that is on no boot's clock."""
        return {None: 0, **dict(self._db.execute("SELECT id, correction_ms FROM boots").fetchall())}

    def _date_earlier_boots(self, next_boot_ms: int) -> None:
        """Date every earlier boot that had no answer; `next_boot_ms` is when the boot after it began."""
        earlier = self._db.execute(
            "SELECT id, base_ms, correction_ms, is_known FROM boots WHERE id < ? ORDER BY id DESC", [self.current]
        ).fetchall()
        for boot, base_ms, stored_ms, is_known in earlier:
            correction_ms = stored_ms if is_known else self._guess_correction_ms(boot, stored_ms, next_boot_ms)
            self._db.execute("UPDATE boots SET correction_ms = ?, is_known = 1 WHERE id = ?", [correction_ms, boot])
            next_boot_ms = base_ms + correction_ms

    def _guess_correction_ms(self, boot: int, stored_ms: int, next_boot_ms: int) -> int:
        """Return a boot's correction: its wall clock's if that is possible, else up to the next boot's start."""
        first_ms, last_ms, count = self._db.execute(
            "SELECT min(timestamp_ms), max(timestamp_ms), count(*) FROM readings WHERE boot = ?", [boot]
        ).fetchone()
        if count == 0 or (first_ms + stored_ms >= EARLIEST_MS and last_ms + stored_ms <= next_boot_ms):
            return stored_ms
        self.guessed += count
        return int(next_boot_ms - last_ms)


class MonotonicTimestamps:
    """The table `edges`: the first and last final timestamp of each batch and channel while others lie in between.

    A change is part of the caller's transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def last_id(self) -> int:
        """Return the highest id of an edge: the next reading needs a higher one, though all before it are gone."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM edges").fetchone()[0])

    def assign(self, channel: int, readings: Sequence[Timestamp]) -> list[Timestamp]:
        """Return the final timestamps of a channel's waiting readings, in the order of their ids.

        Readings that were in a batch before keep their timestamp: it fits already.
        """
        own_ids = {row_id for row_id, _ in readings}
        rows = self._db.execute("SELECT id, timestamp_ms FROM edges WHERE channel = ? ORDER BY id", [channel])
        edges = [BEFORE_ALL, *(edge for edge in rows if edge[0] not in own_ids), AFTER_ALL]
        final: list[Timestamp] = []
        for place, run in groupby(readings, key=lambda reading: bisect(edges, reading)):
            final += self._fit(channel, edges[place - 1], list(run), edges[place])
        return final

    def keep(self, channel: int, final: Sequence[Timestamp]) -> None:
        """Keep the ends of a batch as edges; of the edges below all that still waits, keep only the last."""
        rows = [(row_id, channel, timestamp_ms) for row_id, timestamp_ms in (final[0], final[-1])]
        self._db.executemany("INSERT OR REPLACE INTO edges (id, channel, timestamp_ms) VALUES (?, ?, ?)", rows)
        self._db.execute(FORGET, {"channel": channel})

    def _fit(self, channel: int, before: Timestamp, run: Sequence[Timestamp], after: Timestamp) -> Iterator[Timestamp]:
        """Yield the timestamps of readings between two edges; a millisecond is left for each that waits beside them."""
        least_ms = before[1] + 1 + self._count_waiting(channel, before, run[0])
        most_ms = after[1] - len(run) - self._count_waiting(channel, run[-1], after)
        for number, (row_id, believed_ms) in enumerate(run):
            fitted_ms = max(least_ms, min(believed_ms, most_ms + number))
            timestamp_ms = fitted_ms if abs(fitted_ms - believed_ms) <= MOST_MOVED_MS else believed_ms
            least_ms = timestamp_ms + 1
            yield row_id, timestamp_ms

    def _count_waiting(self, channel: int, low: Timestamp, high: Timestamp) -> int:
        """Count the readings that wait between; 0, uncounted, where no timestamp could be in the way."""
        if high[1] - low[1] > 2 * MOST_MOVED_MS:
            return 0
        return int(self._db.execute(BETWEEN, [channel, low[0], high[0]]).fetchone()[0])


BETWEEN = "SELECT count(*) FROM readings WHERE batch_id IS NULL AND channel = ? AND id > ? AND id < ?"
FORGET = """
DELETE FROM edges WHERE channel = :channel AND id < (
    SELECT max(id) FROM edges WHERE channel = :channel AND id < coalesce(
        (SELECT min(id) FROM readings WHERE batch_id IS NULL AND channel = :channel), 9223372036854775807))"""
