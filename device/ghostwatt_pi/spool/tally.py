"""How much of each sort the spool holds: counted once when it is opened, then kept in memory."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable


class Tally:
    """Counts by channel: `waiting` is in no batch, of which `live_of` came since the last live batch.

    Batches that are not answered are `open`, the oldest first, or set `behind`: batch id to readings.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT channel, count(*) FROM readings WHERE batch_id IS NULL GROUP BY channel")
        self.waiting = Counter(dict(rows.fetchall()))
        self.live = Counter(self.waiting)
        rows = db.execute(
            "SELECT batch_id, count(*) FROM readings WHERE batch_id IS NOT NULL GROUP BY batch_id ORDER BY max(id)"
        )
        self.open: dict[str, int] = dict(rows.fetchall())
        self.behind: dict[str, int] = {}

    def live_of(self, channel: int) -> int:
        """Never more than wait: the bound may have dropped some."""
        return min(self.live[channel], self.waiting[channel])

    def has_backlog(self, channels: Iterable[int]) -> bool:
        """Whether a batch is open, or readings of these channels wait that are not live."""
        return bool(self.open) or any(self.waiting[each] > self.live_of(each) for each in channels)

    def is_clear(self, channels: Iterable[int]) -> bool:
        """Whether no batch is open and no reading of these channels waits."""
        return not self.open and all(self.waiting[channel] == 0 for channel in channels)

    def total(self) -> int:
        """All readings."""
        return self.waiting.total() + sum(self.open.values()) + sum(self.behind.values())

    def added(self, channels: Iterable[int]) -> None:
        """New readings wait, and are live."""
        added = Counter(channels)
        self.waiting.update(added)
        self.live.update(added)

    def fixed(self, batch_id: str, channels: Iterable[int]) -> None:
        """Waiting readings became a batch."""
        taken = Counter(channels)
        self.waiting.subtract(taken)
        self.open[batch_id] = taken.total()

    def answered(self, batch_id: str) -> None:
        """The batch is no more."""
        self.open.pop(batch_id, None)
        self.behind.pop(batch_id, None)

    def set_behind(self, batch_id: str) -> None:
        """The batch lets the others pass."""
        if readings := self.open.pop(batch_id, 0):
            self.behind[batch_id] = readings

    def bring_forward(self) -> None:
        """Those set behind come after those that are open now."""
        self.open |= self.behind
        self.behind = {}
