"""Readings that version 0.1.0 archived in `former/` when a new key came; this version archives none.

No key proves whose they are. So a person at the Pi says that they are theirs, knowing from when they are; then they
wait for the present owner like any others, on the same channels.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.buffer.schema import connect_readonly
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory

CORRECTED = """
SELECT channel, timestamp_ms + coalesce(correction_ms, 0) AS at_ms, voltage, current, power
FROM readings LEFT JOIN boots ON boots.id = readings.boot ORDER BY readings.id"""
SUMMARY = f"SELECT count(*), min(at_ms), max(at_ms) FROM ({CORRECTED})"  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class Archive:
    """One folder of `former/`.

    `first_at_ms` and `last_at_ms` are the times of its oldest and newest reading, epoch milliseconds; both are None
    when it holds none or is damaged.
    """

    number: int
    path: Path
    readings: int
    first_at_ms: int | None
    last_at_ms: int | None


def list_archives(directory: DataDirectory) -> list[Archive]:
    """Return all archives, the oldest first."""
    paths = directory.former_dir.glob(f"*/{directory.buffer_path.name}")
    numbered = {int(path.parent.name): path for path in paths if path.parent.name.isdecimal()}
    return [_read_archive(number, numbered[number]) for number in sorted(numbered)]


def restore_archive(directory: DataDirectory, archive: Archive) -> None:
    """Let an archive's readings wait in the buffer, and remove the archive.

    Call it with the directory's lock held. Raises sqlite3.Error, OSError; then the archive is still there.
    """
    with closing(ReadingStore(directory.buffer_path)) as store, closing(connect_readonly(archive.path)) as db:
        store.import_readings(db.execute(CORRECTED).fetchall())
    shutil.rmtree(archive.path.parent)


def _read_archive(number: int, path: Path) -> Archive:
    try:
        with closing(connect_readonly(path)) as db:
            readings, first_at_ms, last_at_ms = db.execute(SUMMARY).fetchone()
    except sqlite3.Error:  # damaged: it is listed, so that a person knows of it
        readings, first_at_ms, last_at_ms = 0, None, None
    return Archive(number, path, readings, first_at_ms, last_at_ms)
