"""What happens to a damaged spool: it is put aside, never deleted, and what can be read of it is copied into a new one.

A write torn by a power cut does no damage: it lies in SQLite's journal, whose checksums show how far it is whole. What
this is for is a card that forgets.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.spool.schema import TABLES, connect, prepare

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Salvage:
    """What came of a damaged file: where it was put, how many readings were saved, how many places were unreadable."""

    path: Path
    saved: int
    unreadable: int


def replace_damaged(path: Path, rescued: Path) -> Salvage:
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
    return Salvage(aside, saved, unreadable)


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
