"""Readings that the cloud rejected, kept for a person to look at."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.cloud_time import now_ms
from ghostwatt_pi.schemas import ReadingResult

NOT_A_NUMBER = "not_a_number"
COPY_UNSENDABLE = """
INSERT INTO rejected (rejected_at_ms, port_id, timestamp_ms, voltage, current, power, held_ms, code, field)
SELECT ?, coalesce(port_id, ''), timestamp_ms, voltage, current, power, held_ms, ?, ? FROM readings
WHERE abs(voltage) = 9e999 OR abs(current) = 9e999 OR abs(power) = 9e999"""
DELETE_UNSENDABLE = "DELETE FROM readings WHERE abs(voltage) = 9e999 OR abs(current) = 9e999 OR abs(power) = 9e999"
"""SQLite reads 9e999 as infinity, and keeps NaN as NULL, which `power` cannot be."""
MAX_REJECTED = 100_000
"""Past it the oldest are dropped."""


class RejectedReadings:
    """The table `rejected`. A change is part of the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def count(self) -> int:
        """Return how many there are."""
        return int(self._db.execute("SELECT count(*) FROM rejected").fetchone()[0])

    def keep_unsendable(self) -> int:
        """Reject readings of an earlier version that no message can carry, infinite values; returns how many."""
        self._db.execute(COPY_UNSENDABLE, [now_ms(), NOT_A_NUMBER, "power"])
        return self._db.execute(DELETE_UNSENDABLE).rowcount

    def keep(self, batch: Batch, results: Sequence[ReadingResult]) -> None:
        """Keep the readings of a batch whose result is `rejected`."""
        rejected = [(batch.readings[result.index], result) for result in results if result.status == "rejected"]
        self._db.executemany(
            "INSERT INTO rejected"
            " (rejected_at_ms, port_id, timestamp_ms, voltage, current, power, held_ms, code, field)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(now_ms(), *reading.values(), why.code or "unknown", why.field) for reading, why in rejected],
        )
        self._db.execute("DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?", [MAX_REJECTED])
