"""The spool's file: its tables, and what happens when the file is found damaged.

A write torn by a power cut does no damage: it lies in SQLite's journal, whose checksums show how far it is whole. What
this is for is a card that forgets. Every start checks the file; a damaged one is put aside, never deleted, and all that
can still be read of it is copied into a new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

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
SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
LARGE_BYTES = 32_000_000
"""Beyond this (two days of four outlets) only the quick check is made, which does not hold the indices against the
table: measured on a PC, 0.2 s for a day's 14 MB; at a million readings, 67 MB, 2.2 s against 0.7 s."""
TABLES = ("readings", "rejected", "boots", "edges", "totals")


@dataclass(frozen=True, slots=True)
class Salvage:
    """What came of a damaged file: where it was put, how many readings were saved, how many places were unreadable."""

    path: Path
    saved: int
    unreadable: int


def open_spool(path: Path) -> tuple[sqlite3.Connection, Salvage | None]:
    """The sound spool at `path`, made or mended if need be, and what was mended.

    Each commit is on the disk when it returns (WAL, synchronous=FULL). Raises sqlite3.Error when the disk fails.
    """
    rescued = path.with_name(path.name + "-rescued")
    if rescued.exists() and not path.exists():
        rescued.replace(path)  # the power went between the two renames of `_replace`
    db = _connect(path)
    if _is_sound(db):
        return db, None
    db.close()
    salvage = _replace(path, rescued)
    return _connect(path), salvage


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    return sqlite3.connect(path, check_same_thread=False)


def _is_sound(db: sqlite3.Connection) -> bool:
    """Check the file and make what it lacks; False when it is damaged."""
    try:
        _prepare(db)
        check = "quick_check" if db.execute(SIZE).fetchone()[0] > LARGE_BYTES else "integrity_check"
        return bool(db.execute(f"PRAGMA {check}(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        raise  # the disk is full, or not ours to write: not this file's damage
    except sqlite3.DatabaseError:
        return False


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    columns = {row[1] for row in db.execute("PRAGMA table_info(readings)")}
    if columns and "boot" not in columns:  # version 0.1.0 knew no boots: its stamps count as true
        db.execute("ALTER TABLE readings ADD COLUMN boot INTEGER")
    db.executescript(SCHEMA)


def _replace(path: Path, rescued: Path) -> Salvage:
    """Copy what can be read to `rescued`, put the damaged file aside, and the copy in its place."""
    for left_over in path.parent.glob(rescued.name + "*"):
        left_over.unlink()
    saved = unreadable = 0
    with closing(_connect(path)) as damaged, closing(_connect(rescued)) as fresh:
        _prepare(fresh)
        for table in TABLES:
            copied, missed = _copy(damaged, fresh, table)
            saved += copied if table == "readings" else 0
            unreadable += missed
    number = 1
    while (aside := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        if (part := path.with_name(path.name + suffix)).exists():
            part.replace(aside.with_name(aside.name + suffix))
    rescued.replace(path)
    return Salvage(aside, saved, unreadable)


def _copy(damaged: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> tuple[int, int]:
    """(rows copied, places that could not be read)."""
    columns = [row[1] for row in fresh.execute(f"PRAGMA table_info({table})")]
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    copied = missed = 0
    with fresh:
        for row in _readable(damaged, f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608 - likewise
            try:
                copied += fresh.execute(insert, row).rowcount if row else 0
            except sqlite3.IntegrityError:  # readable, but no such row can have been written
                missed += 1
            missed += row is None
    return copied, missed


Row = tuple[object, ...]


def _readable(db: sqlite3.Connection, select: str) -> Iterator[Row | None]:
    """Rows from the start to the damage, from the end back to the damage, then what lies between; None for a gap."""
    forward, is_whole = _until_damage(db, f"{select} ORDER BY id")
    yield from forward
    if is_whole:
        return
    backward, _ = _until_damage(db, f"{select} ORDER BY id DESC")
    yield from backward
    if not forward or not backward:
        yield None  # nobody knows how far it went
        return
    yield from _between(db, select, _id(forward[-1]) + 1, _id(backward[-1]) - 1)


def _between(db: sqlite3.Connection, select: str, first: int, last: int) -> Iterator[Row | None]:
    """Rows of these ids, halving the range around what cannot be read."""
    if first > last:
        return
    rows, is_whole = _until_damage(db, f"{select} WHERE id BETWEEN {first} AND {last} ORDER BY id")
    if is_whole:
        yield from rows
    elif first == last:
        yield None
    else:
        middle = (first + last) // 2
        yield from _between(db, select, first, middle)
        yield from _between(db, select, middle + 1, last)


def _until_damage(db: sqlite3.Connection, select: str) -> tuple[list[Row], bool]:
    """The rows up to the first that cannot be read, and whether that was all of them."""
    rows: list[Row] = []
    try:
        rows.extend(db.execute(select))
    except sqlite3.DatabaseError:
        return rows, False
    return rows, True


def _id(row: Row) -> int:
    return int(str(row[0]))
