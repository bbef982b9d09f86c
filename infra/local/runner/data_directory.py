"""The directory that keeps everything between runs: database, checkpoints, dead letters, the signing secret."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.local.errors import StackError

SECRET_BYTES = 32
"""HS256 wants a key at least as long as its digest (RFC 7518, 3.2)."""


OTHERS = 0o077
"""The bits of a mode that let anybody but the owner in."""
OURS = (
    "lock",
    "jwt_secret*",
    "database.*",
    "checkpoint-*",
    "dead-letters.*",
    "demo-account.json",
    "service.env",
    "stack.log",
    "exports",
    "exports/**/*",
    "mail",
    "mail/**/*",
    "tls",
    "tls/*",
    "tmp",
    "tmp/**/*",
)
"""Patterns of the files that the stack writes; other files in the folder are left alone."""
LOG = logging.getLogger("ghostwatt.data")


@contextmanager
def locked(directory: Path) -> Iterator[Path]:
    """Make the directory where it is missing and lock it; new files are readable by their owner only.

    Raises StackError while another stack holds it, and when it is another user's. The lock is the operating system's,
    so it ends with the process however that dies.
    """
    before = os.umask(OTHERS)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _check_owner(directory)
        with (directory / "lock").open("a+") as lock:
            _hold(lock, directory)
            _narrow([directory, *_of_ours(directory)])
            yield directory
    finally:
        os.umask(before)


def _hold(lock: IO[str], directory: Path) -> None:
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


def _check_owner(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        raise StackError(f"{path} is a folder that all users share; choose one of its own, as {path / 'ghostwatt'}.")
    if status.st_uid != os.geteuid():
        raise StackError(
            f"{path} belongs to another user (number {status.st_uid}), who could read and change it: "
            "run this as that user, make it your own with chown, or choose another --data directory."
        )


def _narrow(paths: list[Path]) -> None:
    """Remove the access of other users from paths that an earlier version, or a person, left open."""
    opened = 0
    for path in paths:
        _check_owner(path)
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & OTHERS:
            path.chmod(mode & ~OTHERS)
            opened += 1
    if opened:
        LOG.warning("%s was open to other users: %d files and folders are yours alone now", paths[0], opened)


def _of_ours(directory: Path) -> list[Path]:
    """List the files and folders of the stack; links are left alone."""
    return [path for pattern in OURS for path in directory.glob(pattern) if not path.is_symlink()]


def temporary(directory: Path) -> Path:
    """Make the folder for temporary files, empty: files that a killed stack left there are deleted."""
    path = directory / "tmp"
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()
    return path


def signing_secret(directory: Path) -> str:
    """Read the secret that signs session tokens, or make it; only its owner can read it."""
    path = directory / "jwt_secret"
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES))
        draft.rename(path)
    return path.read_text()
