"""The agent's folder: its identity, key, spool and memory. All files are for their owner only."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeInUse(Exception):
    """Another agent works in this folder."""


class Home:
    """Paths of the folder `data_dir`, which is made when it is missing, and the API key kept in it."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.data_dir = data_dir
        self.identity_path = data_dir / "device_identity.json"
        self.key_path = data_dir / "api_key"
        self.spool_path = data_dir / "spool.sqlite"
        self.outlets_path = data_dir / "outlets.json"

    def read_key(self) -> str | None:
        """The API key, or None while the device is not paired."""
        try:
            return self.key_path.read_text().strip() or None
        except FileNotFoundError:
            return None

    def save_key(self, api_key: str) -> None:
        """Keep the key, readable by its owner only."""
        write_private(self.key_path, api_key + "\n")

    def forget_owner(self) -> None:
        """Remove key, readings and relay memory, so that a next owner sees nothing of the last."""
        spool = [self.spool_path.with_name(self.spool_path.name + suffix) for suffix in ("", "-wal", "-shm")]
        for path in (self.key_path, self.outlets_path, *spool):
            path.unlink(missing_ok=True)

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
