"""The agent's folder: its identity, key, spool and memory. All files are for their owner only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ghostwatt_pi.files import DamagedFile, quarantine, read_text, write_if_changed, write_private

MARK = re.compile(r"[0-9a-f]{64}")
KEY_LOST = "the key was damaged"
"""In the mark's place: the readings are the device's still, whichever key its owner makes for it."""


class DirectoryInUse(Exception):
    """Another agent works in this folder."""


class DataDirectory:
    """Paths in the folder `path`, which is made if it is missing (with `make`), and the API key kept there."""

    def __init__(self, path: Path, *, make: bool = True) -> None:
        self.path = path
        if make:
            self.make()
        self.identity_path = path / "device_identity.json"
        self.key_path = path / "api_key"
        self.buffer_path = path / "spool.sqlite"
        self.outlets_path = path / "outlets.json"
        self.owner_path = path / "spool_owner"
        self.state_path = path / "state.json"
        self.boot_path = path / "boot_id"
        self.switch_path = path / "switch.sock"
        self.former_dir = path / "former"

    def make(self) -> None:
        """Make the folder, if it is missing."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read_key(self) -> str | None:
        """The API key, or None while the device is not paired, or its key is damaged."""
        return None if self.key_damage() else _key_in(self.key_path)

    def key_damage(self) -> DamagedFile | None:
        """What is wrong with the key's file, if anything."""
        try:
            text = read_text(self.key_path)
        except DamagedFile as damaged:
            return damaged
        if text is None:
            return None
        key = text.strip()
        if not key:
            return DamagedFile(self.key_path, "it is empty")
        if not key.isascii() or not key.isprintable():
            return DamagedFile(self.key_path, "it holds what no key has")
        if not text.endswith("\n") and self._mark() and not self.is_marked_for(key):
            return DamagedFile(self.key_path, "it is cut off; a key ends with its line")
        return None

    def is_key_lost(self) -> bool:
        """Whether the device was paired, and has no key since its file was damaged."""
        return self.key_damage() is not None or (not self.key_path.exists() and self._mark() == KEY_LOST)

    def save_key(self, api_key: str, *, keep_readings: bool | None = None) -> None:
        """Keep the key, readable by its owner only.

        With `keep_readings` what waits in the spool belongs to it too. By default that is so when the key before was
        lost by damage: its owner has made another.
        """
        if keep_readings is None:
            keep_readings = self.is_key_lost()
        if keep_readings:
            self.mark_owner(api_key)
        elif self.owner_path.exists() and not MARK.fullmatch(self._mark()):
            self.mark_owner("")  # nobody's: what waits is not for the one who comes now
        if self.key_damage():
            quarantine(self.key_path)
        write_private(self.key_path, api_key + "\n")

    def mark_owner(self, api_key: str) -> None:
        """Whose readings the spool holds: a hash of the key that they are sent with."""
        write_if_changed(self.owner_path, mark_of(api_key))

    def mark_damage(self) -> DamagedFile | None:
        """What is wrong with the mark, if anything."""
        try:
            text = read_text(self.owner_path)
        except DamagedFile as damaged:
            return damaged
        is_mark = text is None or text.strip() == KEY_LOST or MARK.fullmatch(text.strip())
        return None if is_mark else DamagedFile(self.owner_path, "it is no mark")

    def is_marked_for(self, api_key: str) -> bool:
        """Whether the spool's readings are this key's; those without a whole mark are."""
        mark = self._mark()
        return not MARK.fullmatch(mark) or mark == mark_of(api_key).strip()

    def buffer_files(self) -> list[Path]:
        """The spool and all that belongs to it: SQLite's own files, damaged and rescued ones."""
        return sorted(self.path.glob(self.buffer_path.name + "*"))

    def forget_owner(self) -> None:
        """Remove key, readings and relay memory, damaged ones too, so that a next owner sees nothing of the last."""
        for path in (self.key_path, self.owner_path, self.outlets_path, self.state_path, self.buffer_path):
            for file in (path, *self.path.glob(path.name + "-*")):
                _remove(file)
        _remove(self.former_dir)

    def is_in_use(self) -> bool:
        """Whether an agent works in this folder."""
        try:
            with self.lock():
                return False
        except DirectoryInUse:
            return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process: two agents on one spool would send each reading twice.

        Raises HomeInUse. The kernel frees the lock when the process ends, however it ends.
        """
        handle = self._open_lock()
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DirectoryInUse(f"another ghostwatt-pi already works in {self.path}") from None
            yield
        finally:
            os.close(handle)

    def _open_lock(self) -> int:
        """The lock's file; on a disk that takes none, the folder itself. Raises OSError."""
        path = self.path / "lock"
        try:
            return os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDONLY | os.O_CREAT, 0o600)
        except OSError:
            if path.exists():
                raise
            return os.open(self.path, os.O_RDONLY)

    def _mark(self) -> str:
        """The mark's text, empty when there is none that can be read."""
        try:
            return (read_text(self.owner_path) or "").strip()
        except DamagedFile:
            return ""


def mark_of(api_key: str) -> str:
    """The mark of a key's readings; it does not show the key."""
    return hashlib.sha256(api_key.encode()).hexdigest() + "\n"


def _key_in(path: Path) -> str | None:
    return (read_text(path) or "").strip() or None


def _remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
