"""The spool's tables, and a connection to a file that has them."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote

SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL,
    batch_id TEXT, port_id TEXT, boot INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON readings (channel, id) WHERE batch_id IS NULL;
CREATE INDEX IF NOT EXISTS batched ON readings (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY, rejected_at_ms INTEGER NOT NULL, port_id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL, code TEXT NOT NULL, field TEXT) STRICT;
CREATE TABLE IF NOT EXISTS boots (
    id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, base_ms INTEGER NOT NULL,
    correction_ms INTEGER NOT NULL DEFAULT 0, is_known INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS edges (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 1), dropped INTEGER NOT NULL) STRICT;
"""
"""`readings.boot` says whose clock a stamp is on (boots.py); without one it is true time, and stays as it is.
`edges` are stamps that were given to readings (stamps.py)."""
TABLES = ("readings", "rejected", "boots", "edges", "totals")


PAGE_BYTES, MOST_LOG_PAGES, LOG_PART = 4096, 1000, 4
"""SQLite's write-ahead log grows to so many pages, but to no more than a quarter of a small disk's room."""


def connect(path: Path) -> sqlite3.Connection:
    """The file, made if it is missing, for its owner only. Raises OSError, sqlite3.Error."""
    path.touch(mode=0o600)
    db = sqlite3.connect(path, check_same_thread=False)
    room = shutil.disk_usage(path.parent).free // PAGE_BYTES // LOG_PART
    db.execute(f"PRAGMA wal_autocheckpoint={max(1, min(room, MOST_LOG_PAGES))}")
    return db


def connect_readonly(path: Path) -> sqlite3.Connection:
    """The file as it is, also on a disk that is full or cannot be written. Raises sqlite3.Error.

    SQLite needs a file of its own beside one that has a write-ahead log; where that cannot be, what was in the log when
    the power went is not seen.
    """
    for how in ("mode=ro", "mode=ro&immutable=1"):
        db = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=10, check_same_thread=False)
        try:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            db.close()
        else:
            return db
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def prepare(db: sqlite3.Connection) -> None:
    """Make what the file lacks; each commit is on the disk when it returns (WAL, synchronous=FULL)."""
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    columns = {row[1] for row in db.execute("PRAGMA table_info(readings)")}
    if columns and "boot" not in columns:  # version 0.1.0 knew no boots: its stamps count as true
        db.execute("ALTER TABLE readings ADD COLUMN boot INTEGER")
    db.executescript(SCHEMA)
