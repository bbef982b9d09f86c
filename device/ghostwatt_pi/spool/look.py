"""Looks into the spool beside a running agent: reads only, and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ghostwatt_pi.home import Home
from ghostwatt_pi.spool.schema import connect_readonly


@dataclass(frozen=True, slots=True)
class Waiting:
    """Readings of a channel that the cloud has not answered for; when the oldest was taken, as far as is known."""

    channel: int
    readings: int
    oldest_at_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Readings that the cloud refused with this code, for this field; when it did so last."""

    code: str
    field: str | None
    readings: int
    last_at_ms: int


@dataclass(frozen=True, slots=True)
class SpoolLook:
    """All that a person may want to know of it. `dropped` counts readings that had to go; `bytes` is its size on disk.

    `put_aside` counts readings of former owners. `damage` says why a spool cannot be read; the agent mends it.
    """

    waiting: tuple[Waiting, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    dropped: int = 0
    bytes: int = 0
    put_aside: int = 0
    damage: str | None = None

    @property
    def depth(self) -> int:
        """How many readings wait."""
        return sum(each.readings for each in self.waiting)


def look(home: Home) -> SpoolLook:
    """What the spool holds now. It never fails: what cannot be read is said in `damage`."""
    put_aside = sum(_count(path) for path in home.former_dir.glob(f"*/{home.spool_path.name}"))
    empty = SpoolLook(put_aside=put_aside)
    if not home.spool_path.exists() or (home.spool_path.is_file() and home.spool_path.stat().st_size == 0):
        return empty
    try:
        with _reading(home.spool_path) as db:
            return replace(
                empty,
                waiting=tuple(Waiting(*row) for row in db.execute(WAITING)),
                rejected=tuple(Rejected(*row) for row in db.execute(REJECTED)),
                dropped=sum(row[0] for row in db.execute("SELECT dropped FROM totals")),
                bytes=sum(path.stat().st_size for path in home.spool_files()),
            )
    except sqlite3.Error as error:
        return replace(empty, damage=str(error))


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong in the file."""
    with _reading(path) as db:
        return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


WAITING = """
SELECT channel, count(*), min(timestamp_ms + coalesce(correction_ms, 0))
FROM readings LEFT JOIN boots ON boots.id = readings.boot GROUP BY channel ORDER BY channel"""
"""A stamp without a boot is true already (see clock.py)."""
REJECTED = """
SELECT code, field, count(*), max(rejected_at_ms) FROM rejected GROUP BY code, field ORDER BY count(*) DESC"""


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_readonly(path)) as db:
        yield db


def _count(path: Path) -> int:
    """How many readings a spool holds; none of one that cannot be read."""
    try:
        with _reading(path) as db:
            return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])
    except sqlite3.Error:
        return 0
