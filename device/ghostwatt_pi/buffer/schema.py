"""The buffer's tables, and connections to its SQLite file."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote

SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL, current REAL, power REAL NOT NULL,
    batch_id TEXT, port_id TEXT, boot INTEGER, held_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON readings (channel, id) WHERE batch_id IS NULL;
CREATE INDEX IF NOT EXISTS batched ON readings (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY, rejected_at_ms INTEGER NOT NULL, port_id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL, current REAL, power REAL NOT NULL, code TEXT NOT NULL, field TEXT,
    held_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS boots (
    id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, base_ms INTEGER NOT NULL,
    correction_ms INTEGER NOT NULL DEFAULT 0, is_known INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS edges (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 1), dropped INTEGER NOT NULL) STRICT;
"""
"""`readings.boot` names the boot whose clock a timestamp is on; without one the timestamp is final. `edges` holds the
final timestamps at the ends of each batch. Both are explained in cloud_time.py."""
TABLES = ("readings", "rejected", "boots", "edges", "totals")


PAGE_BYTES, MOST_LOG_PAGES, LOG_PART = 4096, 1000, 4
"""SQLite's write-ahead log grows to 1,000 pages, but to no more than a quarter of a small disk's free space."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file; make it if it is missing, readable by its owner only.

    Raises:
        OSError: The file cannot be made.
        sqlite3.Error: The disk fails.
    """
    path.touch(mode=0o600)
    db = sqlite3.connect(path, check_same_thread=False)
    room = shutil.disk_usage(path.parent).free // PAGE_BYTES // LOG_PART
    db.execute(f"PRAGMA wal_autocheckpoint={max(1, min(room, MOST_LOG_PAGES))}")
    return db


def connect_readonly(path: Path) -> sqlite3.Connection:
    """Open the file for reading only, also on a disk that is full or read-only. Raises sqlite3.Error.

    SQLite needs a second file beside one that has a write-ahead log. Where it cannot make that, the file is opened as
    immutable: then rows that were only in the log when the power went are not seen.
    """
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        db = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=10, check_same_thread=False)
        try:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            db.close()
        else:
            return db
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables that the file lacks; every commit is on the disk when it returns (WAL, synchronous=FULL)."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    columns = {row[1] for row in db.execute("PRAGMA table_info(readings)")}
    if columns and "boot" not in columns:  # before there were boots: its timestamps count as final
        db.execute("ALTER TABLE readings ADD COLUMN boot INTEGER")
    if columns and "held_ms" not in columns:
        _let_volts_be_null(db)
    db.executescript(SCHEMA)


def _let_volts_be_null(db: sqlite3.Connection) -> None:
    """Make the tables of version 0.2.0 anew, which had no `held_ms` and no reading without volts, in one transaction.

    SQLite cannot drop a NOT NULL. The indexes go with the old tables; SCHEMA makes them again.
    """
    script = ["BEGIN IMMEDIATE;"]
    for table in ("readings", "rejected"):
        columns = ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({table})"))
        if columns:
            script.append(f"ALTER TABLE {table} RENAME TO old_{table};")
    script.append(SCHEMA)
    for table in ("readings", "rejected"):
        columns = ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({table})"))
        if columns:
            script.append(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM old_{table};")  # noqa: S608 - our own names
            script.append(f"DROP TABLE old_{table};")
    try:
        db.executescript("\n".join([*script, "COMMIT;"]))
    except sqlite3.Error:
        if db.in_transaction:
            db.rollback()
        raise
