"""The agent's data directory: where its files lie, the device's key, and whose readings wait there.

All files are readable by their owner only.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ghostwatt_pi.platforms import file_lock
from ghostwatt_pi.small_files import DamagedFile, quarantine, read_text, write_if_changed, write_private

MARK = re.compile(r"[0-9a-f]{64}")
KEY_LOST = "the key was damaged"
"""Stands in the mark's place. The readings are still the device's, whichever key its owner makes for it."""
FORMER_OWNER = "a former owner's readings"
"""Stands in the mark's place until the agent starts again and drops them."""


class DirectoryInUse(Exception):
    """Another agent works in this directory."""


class DataDirectory:
    """The directory at `path`, which is made if it is missing (unless `make` is false).

    `owner_path` holds the mark: a hash of the key that the waiting readings are sent with, KEY_LOST or FORMER_OWNER.
    `owner_tag_path` holds the tag that the cloud gave with the last claim, the same for each claim by one account.
    `former_dir` holds readings that version 0.1.0 archived.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        self.path = path
        if make:
            self.make()
        self.identity_path = path / "device_identity.json"
        self.key_path = path / "api_key"
        self.buffer_path = path / "spool.sqlite"
        self.outlets_path = path / "outlets.json"
        self.owner_path = path / "spool_owner"
        self.owner_tag_path = path / "owner_tag"
        self.state_path = path / "state.json"
        self.boot_path = path / "boot_id"
        self.accepted_path = path / "accepted.json"
        self.allowed_page_path = path / "allowed_page.json"
        self.switch_path = path / "switch.sock"
        self.former_dir = path / "former"

    def make(self) -> None:
        """Make the directory if it is missing."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read_key(self) -> str | None:
        """Return the API key, or None while the device is not paired or its key is damaged."""
        return None if self.key_damage() else _read_line(self.key_path)

    def key_damage(self) -> DamagedFile | None:
        """Return what is wrong with the key's file, if anything."""
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
            return DamagedFile(self.key_path, "it holds characters that no key has")
        if not text.endswith("\n") and self._mark() and not self.is_marked_for(key):
            return DamagedFile(self.key_path, "it is cut off: the end of the line is missing")
        return None

    def is_key_lost(self) -> bool:
        """Whether the device was paired and has had no key since its file was damaged."""
        return self.key_damage() is not None or (not self.key_path.exists() and self._mark() == KEY_LOST)

    def save_key(self, api_key: str, *, owner_tag: str | None = None, keep_readings: bool = False) -> None:
        """Keep a new key.

        When `owner_tag` shows that another person owned the device, the waiting readings are marked to be dropped.
        After a power cut amid this, the device has its old key and the same call does the rest.

        Args:
            api_key: The key.
            owner_tag: The tag in the answer to a claim; None when the key came another way, so that nobody knows whose
                it is.
            keep_readings: The waiting readings are the new owner's too.

        Raises:
            OSError: The disk does not take it.
        """
        damage, former_tag = self.key_damage(), self._owner_tag()
        is_another_owner = None not in (owner_tag, former_tag) and owner_tag != former_tag
        if not keep_readings and (is_another_owner or self.holds_former_readings()):
            write_if_changed(self.owner_path, FORMER_OWNER + "\n")
        else:
            write_if_changed(self.owner_path, mark_of(api_key))
        if owner_tag is None:
            _remove(self.owner_tag_path)
        else:
            write_if_changed(self.owner_tag_path, owner_tag + "\n")
        if damage:
            quarantine(self.key_path)
        write_private(self.key_path, api_key + "\n")

    def mark_damage(self) -> DamagedFile | None:
        """Return what is wrong with the mark, if anything."""
        try:
            text = read_text(self.owner_path)
        except DamagedFile as damaged:
            return damaged
        is_mark = text is None or text.strip() in (KEY_LOST, FORMER_OWNER) or MARK.fullmatch(text.strip())
        return None if is_mark else DamagedFile(self.owner_path, "it is no mark")

    def is_marked_for(self, api_key: str) -> bool:
        """Whether the waiting readings are sent with this key; without a mark they are."""
        mark = self._mark()
        return mark != FORMER_OWNER and (not MARK.fullmatch(mark) or mark == mark_of(api_key).strip())

    def holds_former_readings(self) -> bool:
        """Whether the waiting readings are those of a former owner, and are to be dropped."""
        return self._mark() == FORMER_OWNER

    def remove_buffer(self) -> None:
        """Remove the waiting readings: the buffer with SQLite's own files, and damaged or recovered ones beside it.

        The buffer itself goes last, so that the next start finds it again after a power cut. Raises OSError.
        """
        for path in sorted(self.buffer_files(), reverse=True):
            _remove(path)

    def buffer_files(self) -> list[Path]:
        """Return the buffer's file and all files that belong to it."""
        return sorted(self.path.glob(self.buffer_path.name + "*"))

    def forget_owner(self) -> None:
        """Remove key, readings and relay memory, damaged ones too, so that a next owner sees nothing of the last."""
        owned = (self.key_path, self.owner_path, self.owner_tag_path, self.outlets_path, self.state_path)
        for path in (*owned, self.buffer_path):
            for file in (path, *self.path.glob(path.name + "-*")):
                _remove(file)
        _remove(self.former_dir)

    def is_in_use(self) -> bool:
        """Whether an agent works in this directory."""
        try:
            with self.lock():
                return False
        except DirectoryInUse:
            return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the directory for this process: two agents on one buffer would send each reading twice.

        The kernel frees the lock when the process ends, however it ends. Raises DirectoryInUse.
        """
        handle = self._open_lock()
        try:
            try:
                file_lock.lock(handle)
            except BlockingIOError:
                raise DirectoryInUse(f"another ghostwatt-pi already works in {self.path}") from None
            yield
        finally:
            os.close(handle)

    def _open_lock(self) -> int:
        """Open the lock's file or, on a disk that takes none, the directory itself. Raises OSError."""
        path = self.path / "lock"
        try:
            return os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDONLY | os.O_CREAT, 0o600)
        except OSError:
            if path.exists():
                raise
            return os.open(self.path, os.O_RDONLY)

    def _mark(self) -> str:
        """Return the mark's text; empty when there is none that can be read."""
        return _read_line_if_whole(self.owner_path) or ""

    def _owner_tag(self) -> str | None:
        """Return the tag of the last claim, or None when nobody knows it."""
        return _read_line_if_whole(self.owner_tag_path)


def mark_of(api_key: str) -> str:
    """Return the mark of the readings that are sent with a key; it does not show the key."""
    return hashlib.sha256(api_key.encode()).hexdigest() + "\n"


def _read_line(path: Path) -> str | None:
    """Return the one line of a file; None when it is missing or empty. Raises DamagedFile."""
    return (read_text(path) or "").strip() or None


def _read_line_if_whole(path: Path) -> str | None:
    """Return the one line of a file; None also when it is damaged."""
    try:
        return _read_line(path)
    except DamagedFile:
        return None


def _remove(path: Path) -> None:
    """Remove a file or a directory, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
