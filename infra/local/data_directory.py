"""The directory that keeps everything between runs: database, checkpoints, dead letters, the signing secret."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.errors import StackError

SECRET_BYTES = 32
"""HS256 wants a key at least as long as its digest (RFC 7518, 3.2)."""


@contextmanager
def locked(directory: Path) -> Iterator[Path]:
    """Make the directory if needed and hold it; raises StackError while another stack holds it.

    The lock is the operating system's, so it ends with the process however that dies.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise StackError(
                f"{directory} is in use by another stack (process {lock.read().strip() or 'unknown'}); "
                "stop that one or choose another --data directory."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield directory


def temporary(directory: Path) -> Path:
    """The folder for files under way, empty: what a stack that was killed left there is deleted."""
    path = directory / "tmp"
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()
    return path


def signing_secret(directory: Path) -> str:
    """The secret that signs session tokens: made once, readable by its owner only."""
    path = directory / "jwt_secret"
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES))
        draft.rename(path)
    return path.read_text()
