"""Writes to the data directory, and logs once when that fails and once when it works again."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.small_files import DamagedFile, quarantine, write_if_changed


class Disk:
    """Logs each episode in which files cannot be written. Their owners keep the content in memory and go on."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._lock = threading.Lock()  # one thread writes the buffer, another small files
        self._failing: set[Path] = set()

    def write(self, path: Path, text: str) -> bool:
        """Write a small file if its text has changed; returns whether the disk has it."""
        try:
            write_if_changed(path, text)
        except OSError as error:
            self.failed(path, error.strerror or str(error))
            return False
        self.works(path)
        return True

    def failed(self, path: Path, error: str) -> None:
        """Note that this file could not be written."""
        with self._lock:
            is_first = not self._failing
            self._failing.add(path)
        if is_first:
            self._log("disk_full", path=str(path), error=error, freeMb=_free_mb(path.parent))

    def works(self, path: Path) -> None:
        """Note that this file was written."""
        with self._lock:
            is_last = self._failing == {path}
            self._failing.discard(path)
        if is_last:
            self._log("disk_works", path=str(path.parent))

    def quarantine(self, damaged: DamagedFile) -> None:
        """Rename a damaged file if that is possible, and log it."""
        try:
            aside = quarantine(damaged.path)
        except OSError as error:
            self.failed(damaged.path, error.strerror or str(error))
            return
        self._log("file_damaged", path=str(damaged.path), error=damaged.why, aside=aside.name)


def _free_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 1_000_000
