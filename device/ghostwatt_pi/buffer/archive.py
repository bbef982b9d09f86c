"""Readings that were put aside for a former owner (owner.py), and how a person who owns them brings them back.

Every pairing makes a new key, so no key can prove whose they are: a person at the Pi says so, knowing from when they
are. Then they wait for the present owner like any others, on the same channels.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory

DATED = """
SELECT channel, timestamp_ms + coalesce(correction_ms, 0) AS at_ms, voltage, current, power
FROM readings LEFT JOIN boots ON boots.id = readings.boot ORDER BY readings.id"""
SUMMARY = f"SELECT count(*), min(at_ms), max(at_ms) FROM ({DATED})"  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class Former:
    """One folder of `former/`: how many readings, and from when to when, epoch milliseconds."""

    number: int
    path: Path
    readings: int
    first_at_ms: int | None
    last_at_ms: int | None


def formers(directory: DataDirectory) -> list[Former]:
    """All that were put aside, the oldest first. Raises sqlite3.Error."""
    paths = [
        path for path in directory.former_dir.glob(f"*/{directory.buffer_path.name}") if path.parent.name.isdecimal()
    ]
    return [_look(path) for path in sorted(paths, key=lambda path: int(path.parent.name))]


def bring_back(directory: DataDirectory, former: Former) -> None:
    """Let them wait in the present spool, and remove the folder. To be called with the folder's lock held."""
    with closing(ReadingStore(directory.buffer_path)) as store, _reading(former.path) as db:
        store.import_readings(db.execute(DATED).fetchall())
    shutil.rmtree(former.path.parent)


def _look(path: Path) -> Former:
    try:
        with _reading(path) as db:
            readings, first_ms, last_ms = db.execute(SUMMARY).fetchone()
    except sqlite3.Error:  # damaged: listed, so that a person knows of it
        readings, first_ms, last_ms = 0, None, None
    return Former(int(path.parent.name), path, readings, first_ms, last_ms)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as db:
        yield db
