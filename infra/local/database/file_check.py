"""Check the database's file before its server opens it: whole, and ours. A wrong file is left unchanged."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from infra.local.errors import StackError

SERVER_TABLES = {"_config", "_tables", "_stream_records"}
OTHER_TABLES = {"_config", "_tables", "sqlite_sequence"}
"""Tables whose rows are short."""
OUR_TABLES = "ghostwatt-"
ROOM_BYTES = 1 << 20
"""Less on the disk does not carry the server through its start."""
WAY_OUT = (
    "Nothing was changed. Put a backup of the folder in its place; or move the database's files away, start with an"
    " empty home, and fill it from a file of make export-data with make import-data."
)


def check_database_file(path: Path) -> None:
    """Raise StackError, with what a person can do, unless the file is a whole database of ours, or there is none yet.

    It is opened for reading only: also what a killed server left in its log stays where it is.
    """
    log = path.with_name(f"{path.name}-wal")
    if not path.exists():
        if log.exists() and log.stat().st_size:
            raise _unusable(path, f"is missing, but its log {log.name} is there")
        return
    if path.stat().st_size == 0:
        raise _unusable(path, "is empty: it has no byte left")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            _check_content(path, connection)
    except sqlite3.OperationalError as error:
        raise _unusable(path, f"cannot be read ({error})") from error
    except sqlite3.DatabaseError as error:
        raise _unusable(path, f"is damaged, or no database at all ({error})") from error


def check_free_space(directory: Path) -> None:
    """Raise StackError when the disk is full."""
    probe = directory / "room.draft"
    try:
        with probe.open("wb", buffering=0) as file:
            written = file.write(bytes(ROOM_BYTES))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        written = 0
    finally:
        probe.unlink(missing_ok=True)
    if written < ROOM_BYTES:
        raise StackError(f"The disk of {directory} is full: make room for 1 MB at least, then start again.")


def _check_content(path: Path, connection: sqlite3.Connection) -> None:
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise _unusable(path, f"is damaged ({result})")
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= SERVER_TABLES:
        raise _unusable(path, "belongs to another program")
    table_names = [str(name) for (name,) in connection.execute("SELECT table_name FROM _tables")]
    if table_names and not any(name.startswith(OUR_TABLES) for name in table_names):
        raise _unusable(path, "belongs to another program")
    if lost := sorted(set(table_names) - tables):
        raise _unusable(path, f"is damaged (its table {lost[0]} is missing)")
    for name in tables:
        if name not in OTHER_TABLES and _lost_end(connection, name):
            raise _unusable(path, f"is damaged (an entry of {name} has lost its end)")


def _lost_end(connection: sqlite3.Connection, table: str) -> Any:
    """Whether a row has lost its end: the last page of a long one, when it holds zeros, passes quick_check."""
    if table == "_stream_records":
        lost = "created_at <= 0"
    elif "::" in table:
        lost = "substr(item_json, -1) <> '}'"
    else:  # quicker: these columns come behind the item
        lost = "item_size <= 0 OR instr(hash_prefix, char(0))"
    quoted = table.replace('"', '""')
    return connection.execute(f'SELECT 1 FROM "{quoted}" WHERE {lost} LIMIT 1').fetchone()  # noqa: S608 - quoted


def _unusable(path: Path, what: str) -> StackError:
    return StackError(f"The database file {path} {what}. {WAY_OUT}")
