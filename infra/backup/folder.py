"""A backup of a PC's whole data folder into one file, also while its stack runs; and the way back.

The database is copied in one read transaction of SQLite, so that the copy is one moment of it. The other files are
copied first: a checkpoint may then be older than the database, and the stack repeats what it has done already, which
changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.backup.archive import BackupError
from infra.local.database.file_check import check_database_file
from infra.local.runner.data_directory import locked

VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "database.sqlite"
PATTERNS = (
    "checkpoint-*.json",
    "dead-letters.jsonl",
    "jwt_secret",
    "service.env",
    "demo-account.json",
    "tls/*",
    "mail/*",
)
"""What is copied beside the database, in this order. Exports last a day; logs and locks are of one run."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup: its file, how many files are in it, and how large it is."""

    path: Path
    files: int
    size_bytes: int


def back_up(directory: Path, to: Path | None, now: datetime) -> Saved:
    """Copy a data folder into a file, which appears once it is complete.

    Args:
        directory: The data folder; its stack may run.
        to: The file; None for a name with the time, beside the working directory's other files.
        now: The time.

    Raises:
        BackupError: There is no data, the file is there already, or the database cannot be read.
        OSError: The disk does not take it.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise BackupError(f"There is no data in {directory}.")
    to = to or Path(f"ghostwatt-{now.astimezone(UTC):%Y%m%d-%H%M%S}.tar.gz")
    if to.exists():
        raise BackupError(f"{to} is there already; a backup never replaces a file.")
    draft = to.with_name(f"{to.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(0o600)  # digests of passwords and keys are in it
        with tarfile.open(draft, "w:gz") as archive, tempfile.TemporaryDirectory(dir=to.parent) as room:
            digests = {name: _add(archive, name, path) for name, path in _others(directory)}
            copy = Path(room) / DATABASE
            _copy_database(database, copy)
            digests[DATABASE] = _add(archive, DATABASE, copy)
            _add_manifest(archive, digests, now)
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    return Saved(to, len(digests), to.stat().st_size)


def restore(file: Path, directory: Path, now: datetime, *, replace: bool) -> Path | None:
    """Put a backup into a data folder, once all of it is verified.

    Args:
        file: The backup.
        directory: The data folder; its stack must be stopped.
        now: The time.
        replace: Whether a folder that holds data may give way. It is renamed, and nothing of it is deleted.

    Returns:
        Where the folder's former content is now; None if there was none.

    Raises:
        BackupError: The file is no whole backup, or the folder holds data and may not give way.
        StackError: A stack uses the folder, or the database in the file is damaged.
        OSError: The disk does not take it.
    """
    directory = directory.resolve()
    fresh = directory.with_name(f"{directory.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        _unpack(file, fresh)
        check_database_file(fresh / DATABASE)
        if directory.exists():
            with locked(directory):  # no stack runs, and none starts meanwhile
                return _exchange(fresh, directory, now, replace=replace)
        fresh.rename(directory)
        return None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _exchange(fresh: Path, directory: Path, now: datetime, *, replace: bool) -> Path | None:
    holds_data = any(path.name != "lock" for path in directory.iterdir())
    if holds_data and not replace:
        raise BackupError(
            f"{directory} holds data already, and nothing was changed. Choose an empty folder (DATA=...), or add"
            " REPLACE=yes: the data that is there is then renamed, and kept."
        )
    former = directory.with_name(f"{directory.name}.before-{now.astimezone(UTC):%Y%m%d-%H%M%S}")
    directory.rename(former)
    fresh.rename(directory)
    if not holds_data:
        shutil.rmtree(former)
    return former if holds_data else None


def _others(directory: Path) -> Iterator[tuple[str, Path]]:
    for pattern in PATTERNS:
        for path in sorted(directory.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(directory).as_posix(), path


def _copy_database(database: Path, copy: Path) -> None:
    try:
        source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(copy)) as target:
            source.backup(target)  # in one step: one moment, and no writer waits
    except sqlite3.Error as error:
        raise BackupError(f"{database} cannot be copied: {error}") from error


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file, and return the SHA-256 of what was added."""
    with path.open("rb") as file:
        entry = archive.gettarinfo(arcname=name, fileobj=file)
        entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o600, 0, 0, "", ""
        hashing = _Hashing(file)
        archive.addfile(entry, hashing)
    return hashing.digest.hexdigest()


def _add_manifest(archive: tarfile.TarFile, digests: Mapping[str, str], now: datetime) -> None:
    manifest = {"version": VERSION, "madeAt": now.astimezone(UTC).isoformat(), "files": dict(digests)}
    content = json.dumps(manifest, indent=2).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


def _unpack(file: Path, into: Path) -> None:
    """Unpack a backup into an empty folder. Raises BackupError unless it is whole and holds just what was written."""
    digests: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(file, "r:gz") as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None or not entry.isreg():
                    raise BackupError(f"{file} holds {entry.name!r}, which is no file.")
                if entry.name == MANIFEST:
                    manifest = json.loads(content.read())
                else:
                    digests[entry.name] = _write(into, entry.name, content)
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise BackupError(f"{file} is no whole backup: {error}") from error
    if manifest.get("version") != VERSION or manifest.get("files") != digests or DATABASE not in digests:
        raise BackupError(f"{file} is no whole backup: its content is not what its manifest says.")


def _write(into: Path, name: str, content: Any) -> str:
    path = (into / name).resolve()
    if not path.is_relative_to(into.resolve()):
        raise BackupError(f"The backup holds {name!r}, which lies outside of the folder.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashing = _Hashing(content)
    with path.open("wb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(hashing, target)
    return hashing.digest.hexdigest()


class _Hashing:
    """A file for reading that hashes what is read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        content: bytes = self._file.read(size)
        self.digest.update(content)
        return content
