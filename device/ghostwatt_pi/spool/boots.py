"""Whose clock a spooled stamp is on, and what corrects it: rules 2, 6 and 7 of clock.py."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from ghostwatt_pi.clock import Clock, Timer

EARLIEST_MS = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""No reading was taken before this agent was written."""


class Boots:
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
