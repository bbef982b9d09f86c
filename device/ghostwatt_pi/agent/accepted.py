"""What the cloud accepts beyond the first contract, remembered from one run to the next.

Nothing is sent before the cloud has answered in this run. What it accepted in the last run only decides in which form
readings are kept until then: an outage after a restart would else fill the buffer ten times as fast.
"""

from __future__ import annotations

import json
from pathlib import Path

from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.small_files import DamagedFile, read_object


class AcceptedByCloud:
    """What the cloud accepts, kept in the file at `path`."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path, self._disk = path, disk
        self.words = self._load()

    def update(self, words: frozenset[str]) -> None:
        """Keep what the cloud's newest answer says."""
        self.words = words
        self._disk.write(self._path, json.dumps({"accepts": sorted(words)}) + "\n")

    def _load(self) -> frozenset[str]:
        try:
            stored = read_object(self._path) or {}
            return frozenset(str(word) for word in stored.get("accepts", ()))
        except DamagedFile as damaged:
            self._disk.quarantine(damaged)
        except TypeError:
            self._disk.quarantine(DamagedFile(self._path, "it is no list of what the cloud accepts"))
        return frozenset()
