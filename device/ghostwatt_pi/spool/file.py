"""Opens the spool's file. Every start checks it; a damaged one is replaced by what can still be read (rescue.py)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ghostwatt_pi.spool.rescue import Salvage, put_aside, put_in_place, replace_damaged, rescued_path
from ghostwatt_pi.spool.schema import connect, prepare

SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
LARGE_BYTES = 32_000_000
"""Beyond this (two days of four outlets) only the quick check is made, which does not hold the indices against the
table: measured on a PC, 0.2 s for a day's 14 MB; at a million readings, 67 MB, 2.2 s against 0.7 s."""


def open_spool(path: Path) -> tuple[sqlite3.Connection, Salvage | None]:
    """The sound spool at `path`, made or mended if need be, and what was mended.

    Each commit is on the disk when it returns (WAL, synchronous=FULL). Raises sqlite3.Error when the disk fails.
    """
    rescued = rescued_path(path)
    if rescued.exists() and not path.exists():
        put_in_place(rescued, path)  # the power went amid an earlier replacement
    salvage = None
    if path.exists() and not _is_ours(path):
        salvage = Salvage(put_aside(path), saved=0, unreadable=1)
    db = connect(path)
    if _is_sound(db):
        return db, salvage
    db.close()
    salvage = replace_damaged(path, rescued)
    return connect(path), salvage


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
