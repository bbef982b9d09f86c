"""What a command that failed says to a person: one sentence, with the path and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from pathlib import Path

PLAIN = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EROFS: "the disk is read-only: is the card worn out? Restart the Pi",
    errno.ENOENT: "it is not there",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "part of the path is no folder",
}
READ_ONLY = "the folder cannot be written"


def sentence(error: Exception, buffer_path: Path | None) -> str:
    """The sentence of an error; `spool_path` is what SQLite's errors are about."""
    if isinstance(error, sqlite3.Error):
        return f"{buffer_path}: {READ_ONLY if 'readonly' in str(error) else error}"
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    if isinstance(error, PermissionError):
        return f"{where}permission denied. {_with_sudo()}"
    return f"{where}{PLAIN.get(error.errno, error.strerror)}"


def _with_sudo() -> str:
    if os.geteuid() == 0:
        return "It belongs to somebody else"
    program = Path(sys.argv[0])
    name = program if program.is_absolute() else program.name
    return f"Look after the service with sudo: sudo {name} {' '.join(sys.argv[1:])}".rstrip()
