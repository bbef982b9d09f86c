"""Opens the buffer's file, and replaces a damaged one by what can still be read of it.

Every start checks the file. A damaged one is renamed, never deleted. A write that a power cut tore does no damage: it
lies in SQLite's journal, whose checksums show how far it is whole. Damage comes from a card that loses data.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.buffer.schema import TABLES, connect, prepare

SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
LARGE_BYTES = 32_000_000
"""Beyond this (two days of four outlets) only the quick check is made, which does not hold the indices against the
table: measured on a PC, 0.2 s for a day's 14 MB; at a million readings, 67 MB, 2.2 s against 0.7 s."""


def open_spool(path: Path) -> tuple[sqlite3.Connection, RecoveryReport | None]:
    """The sound spool at `path`, made or mended if need be, and what was mended.

    Each commit is on the disk when it returns (WAL, synchronous=FULL). Raises sqlite3.Error when the disk fails.
    """
    rescued = rescued_path(path)
    if rescued.exists() and not path.exists():
        put_in_place(rescued, path)  # the power went amid an earlier replacement
    recovery = None
    if path.exists() and not _is_ours(path):
        recovery = RecoveryReport(put_aside(path), saved=0, unreadable=1)
    db = connect(path)
    if _is_sound(db):
        return db, recovery
    db.close()
    recovery = replace_damaged(path, rescued)
    return connect(path), recovery


def _is_ours(path: Path) -> bool:
    """Whether it is a file that we may read and write, as far as the file system lets anybody."""
    return path.is_file() and (os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK))


def _is_sound(db: sqlite3.Connection) -> bool:
    """Check the file and make what it lacks; False when it is damaged."""
    try:
        prepare(db)
        check = "quick_check" if db.execute(SIZE).fetchone()[0] > LARGE_BYTES else "integrity_check"
        return bool(db.execute(f"PRAGMA {check}(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        raise  # the disk is full, or not ours to write: not this file's damage
    except sqlite3.DatabaseError:
        return False


Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What came of a damaged file: where it was put, how many readings were saved, how many places were unreadable."""

    path: Path
    saved: int
    unreadable: int


def replace_damaged(path: Path, rescued: Path) -> RecoveryReport:
    """Copy what can be read to `rescued`, put the damaged file aside, and the copy in its place."""
    for left_over in path.parent.glob(rescued.name + "*"):
        left_over.unlink()
    saved = unreadable = 0
    with closing(connect(path)) as damaged, closing(connect(rescued)) as fresh:
        prepare(fresh)
        for table in TABLES:
            copied, missed = _copy(damaged, fresh, table)
            saved += copied if table == "readings" else 0
            unreadable += missed
    aside = put_aside(path)
    rescued.replace(path)
    return RecoveryReport(aside, saved, unreadable)


def rescued_path(path: Path) -> Path:
    """Where a copy is made that will take the spool's place."""
    return path.with_name(path.name + "-rescued")


def put_in_place(rescued: Path, path: Path) -> None:
    """Let a whole copy take the spool's place. After a power cut amid this, it is done again at the next start."""
    for suffix in ("", "-wal", "-shm"):  # the spool first: without it, its log is known to be old
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    rescued.replace(path)


def put_aside(path: Path) -> Path:
    """Rename the file and SQLite's own beside it; the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        if (part := path.with_name(path.name + suffix)).exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


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
