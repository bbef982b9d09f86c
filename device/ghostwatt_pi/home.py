"""The agent's folder: its identity, key, spool and memory. All files are for their owner only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeInUse(Exception):
    """Another agent works in this folder."""


class Home:
    """Paths in the folder `data_dir`, which is made if it is missing (with `make`), and the API key kept there."""

    def __init__(self, data_dir: Path, *, make: bool = True) -> None:
        self.data_dir = data_dir
        if make:
            self.make()
        self.identity_path = data_dir / "device_identity.json"
        self.key_path = data_dir / "api_key"
        self.spool_path = data_dir / "spool.sqlite"
        self.outlets_path = data_dir / "outlets.json"
        self.owner_path = data_dir / "spool_owner"
        self.state_path = data_dir / "state.json"
        self.switch_path = data_dir / "switch.sock"
        self.former_dir = data_dir / "former"

    def make(self) -> None:
        """Make the folder, if it is missing."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read_key(self) -> str | None:
        """The API key, or None while the device is not paired."""
        try:
            return self.key_path.read_text().strip() or None
        except FileNotFoundError:
            return None

    def save_key(self, api_key: str, *, keep_readings: bool = False) -> None:
        """Keep the key, readable by its owner only; with `keep_readings` what waits in the spool belongs to it too."""
        if keep_readings:
            self.mark_owner(api_key)
        write_private(self.key_path, api_key + "\n")

    def mark_owner(self, api_key: str) -> None:
        """Whose readings the spool holds: a hash of the key that they are sent with."""
        write_private(self.owner_path, _fingerprint(api_key) + "\n")

    def is_marked_for(self, api_key: str) -> bool:
        """Whether the spool's readings are this key's; those of before there were marks are."""
        try:
            return self.owner_path.read_text().strip() == _fingerprint(api_key)
        except FileNotFoundError:
            return True

    def spool_files(self) -> list[Path]:
        """The spool and all that belongs to it: SQLite's own files, damaged and rescued ones."""
        return sorted(self.data_dir.glob(self.spool_path.name + "*"))

    def forget_owner(self) -> None:
        """Remove key, readings and relay memory, so that a next owner sees nothing of the last."""
        for path in (self.key_path, self.owner_path, self.outlets_path, self.state_path, *self.spool_files()):
            path.unlink(missing_ok=True)
        if self.former_dir.exists():
            shutil.rmtree(self.former_dir)

    def is_in_use(self) -> bool:
        """Whether an agent works in this folder."""
        try:
            with self.lock():
                return False
        except HomeInUse:
            return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process: two agents on one spool would send each reading twice.

        Raises HomeInUse. The kernel frees the lock when the process ends, however it ends.
        """
        with (self.data_dir / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeInUse(f"another ghostwatt-pi already works in {self.data_dir}") from None
            yield


def _fingerprint(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 as a whole: after a power cut it holds the old text or the new, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise
