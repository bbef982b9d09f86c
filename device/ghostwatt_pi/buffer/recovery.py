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


def open_database(path: Path) -> tuple[sqlite3.Connection, RecoveryReport | None]:
    """Open the buffer at `path`, after making or recovering it if need be.

    Returns:
        The connection, and a report when a damaged file was replaced. Every commit is on the disk when it returns.

    Raises:
        OSError: The disk does not take the files.
        sqlite3.Error: The disk fails.
    """
    recovered = recovered_path(path)
    if recovered.exists() and not path.exists():
        put_in_place(recovered, path)  # the power went during an earlier replacement
    recovery = None
    if path.exists() and not _is_ours(path):
        recovery = RecoveryReport(quarantine_database(path), saved=0, unreadable=1)
    db = connect(path)
    if _is_sound(db):
        return db, recovery
    db.close()
    recovery = replace_damaged(path, recovered)
    return connect(path), recovery


def _is_ours(path: Path) -> bool:
    """Whether it is a file that this user may read and write, unless the whole directory is read-only."""
    return path.is_file() and (os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK))


def _is_sound(db: sqlite3.Connection) -> bool:
    """Check the file and make the tables that it lacks; False when it is damaged."""
    try:
        prepare(db)
        check = "quick_check" if db.execute(SIZE).fetchone()[0] > LARGE_BYTES else "integrity_check"
        return bool(db.execute(f"PRAGMA {check}(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        raise  # the disk is full or read-only: the file is not damaged
    except sqlite3.DatabaseError:
        return False


Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What became of a damaged file.

    `path` is its new name, `saved` counts the readings copied from it, `unreadable` the places that could not be read.
    """

    path: Path
    saved: int
    unreadable: int


def replace_damaged(path: Path, recovered: Path) -> RecoveryReport:
    """Copy what can be read to `recovered`, quarantine the damaged file, and put the copy in its place."""
    for left_over in path.parent.glob(recovered.name + "*"):
        left_over.unlink()
    saved = unreadable = 0
    with closing(connect(path)) as damaged, closing(connect(recovered)) as fresh:
        prepare(fresh)
        for table in TABLES:
            copied, missed = _copy(damaged, fresh, table)
            saved += copied if table == "readings" else 0
            unreadable += missed
    aside = quarantine_database(path)
    recovered.replace(path)
    return RecoveryReport(aside, saved, unreadable)


def recovered_path(path: Path) -> Path:
    """Return where the copy is made that will take the buffer's place."""
    return path.with_name(path.name + "-rescued")


def put_in_place(recovered: Path, path: Path) -> None:
    """Let a complete copy take the buffer's place. After a power cut amid this, the next start does it again."""
    for suffix in ("", "-wal", "-shm"):  # the database first: a log without one is known to be old
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    recovered.replace(path)


def quarantine_database(path: Path) -> Path:
    """Rename the file, and SQLite's own beside it, to NAME-damaged-N; returns the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        if (part := path.with_name(path.name + suffix)).exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def _copy(damaged: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> tuple[int, int]:
    """Copy one table; returns (rows copied, places that could not be read)."""
    columns = _columns(fresh, table)
    old = _columns(damaged, table)
    columns = [column for column in columns if not old or column in old]  # a file of an earlier version has fewer
    names = ", ".join(columns)
    insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    copied = missed = 0
    with fresh:
        for row in _readable(damaged, f"SELECT {names} FROM {table}"):  # noqa: S608 - likewise
            try:
                copied += fresh.execute(insert, row).rowcount if row else 0
            except sqlite3.IntegrityError:  # readable, but nobody can have written such a row
                missed += 1
            missed += row is None
    return copied, missed


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns; none when they cannot be read."""
    try:
        return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError:
        return []


def _readable(db: sqlite3.Connection, select: str) -> Iterator[Row | None]:
    """Yield rows from the start to the damage, from the end back to the damage, then those between; None for a gap."""
    forward, is_whole = _until_damage(db, f"{select} ORDER BY id")
    yield from forward
    if is_whole:
        return
    backward, _ = _until_damage(db, f"{select} ORDER BY id DESC")
    yield from backward
    if not forward or not backward:
        yield None  # nobody knows how large the gap is
        return
    yield from _between(db, select, _id(forward[-1]) + 1, _id(backward[-1]) - 1)


def _between(db: sqlite3.Connection, select: str, first: int, last: int) -> Iterator[Row | None]:
    """Yield rows with ids from `first` to `last`, halving the range around what cannot be read; None for a gap."""
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
    """Return (rows up to the first that cannot be read, whether these are all)."""
    rows: list[Row] = []
    try:
        rows.extend(db.execute(select))
    except sqlite3.DatabaseError:
        return rows, False
    return rows, True


def _id(row: Row) -> int:
    return int(str(row[0]))
