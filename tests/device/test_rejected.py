from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from ghostwatt_pi.buffer import rejected
from ghostwatt_pi.buffer.batches import Batch, BufferedReading
from ghostwatt_pi.buffer.rejected import RejectedReadings
from ghostwatt_pi.buffer.schema import connect, prepare
from ghostwatt_pi.schemas import ReadingResult


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    made = connect(tmp_path / "spool.sqlite")
    prepare(made)
    return made


def refuse(kept: RejectedReadings, number: int) -> None:
    readings = (BufferedReading(1, "port", number, 230.0, 0.4, 92.0), BufferedReading(2, "port", -1, 230.0, 0.4, 92.0))
    results = (ReadingResult(0, "rejected", "too_old", "timestampMs"), ReadingResult(1, "stored"))
    kept.keep(Batch(f"batch-{number}", readings), results)


def test_only_what_was_refused_is_kept_with_the_reason(db: sqlite3.Connection) -> None:
    kept = RejectedReadings(db)
    refuse(kept, 7)
    rows = db.execute("SELECT port_id, timestamp_ms, code, field FROM rejected").fetchall()
    assert rows == [("port", 7, "too_old", "timestampMs")]
    assert kept.count() == 1


def test_past_the_bound_the_oldest_go(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejected, "MAX_REJECTED", 2)
    kept = RejectedReadings(db)
    for number in range(4):
        refuse(kept, number)
    assert db.execute("SELECT timestamp_ms FROM rejected ORDER BY id").fetchall() == [(2,), (3,)]
    assert kept.count() == 2
