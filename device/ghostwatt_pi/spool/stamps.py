"""A channel's stamps strictly increase in the order of its measurements.

The learned time may move back: when the first answer took 30 s, the guess in its middle can be 15 s late, which the
next answer mends. Then a reading would get the stamp of one that was sent before, or an earlier one, and the cloud,
to which (port, time) is a reading, would take it for a duplicate. So a stamp that does not fit between those that were
given to the neighbours is moved to just beside them.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import groupby

MOST_MOVED_MS = 60_000
"""Answers are waited for 40 s, so a mended time moves no stamp further; past this it is not the time that was mended,
and the stamp stays as it is."""
Stamped = tuple[int, int]
"""A reading's id and its stamp, epoch milliseconds."""
BEFORE_ALL, AFTER_ALL = (0, -1), (2**63 - 1, 2**63 - 1)


class Stamps:
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
