"""Files of the event-source poller: how far each stream was handed on, and the records that were given up."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, ClassVar

LOG = logging.getLogger("ghostwatt.pump")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A checkpoint as it stands in its file."""

    stream: str
    sequence_number: int


class FileCheckpoint:
    """How far one stream was handed on. A file of its own, replaced whole, so that a crash leaves the old or the new.

    stream_id names the stream itself: a table that was made anew starts from its oldest record again.
    """

    def __init__(self, path: Path, stream_id: str) -> None:
        self._path = path
        self._stream_id = stream_id

    def load(self) -> str | None:
        """The sequence number of the last record that is done, None before the first."""
        kept = _read(self._path)
        return str(kept.sequence_number) if kept and kept.stream == self._stream_id else None

    def save(self, sequence_number: str) -> None:
        """Remember it durably."""
        draft = self._path.with_suffix(".draft")
        with draft.open("w") as file:
            json.dump({"stream": self._stream_id, "sequenceNumber": sequence_number}, file)
            _to_disk(file)
        draft.replace(self._path)


class DeadLetterFile:
    """The records that were given up, one JSON object a line, with the time and the error."""

    _LOCK: ClassVar[threading.Lock] = threading.Lock()
    """Of this process for all such files: letters are added by several threads, and the whole is replaced by one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, record: Mapping[str, Any], error: str) -> None:
        """Keep it durably."""
        letter = {"givenUpAt": datetime.now(UTC).isoformat(), "error": error, "record": record}
        with self._LOCK, self._path.open("ab+") as file:
            if self._ends_broken_off(file):
                file.write(b"\n")
            file.write(json.dumps(letter).encode() + b"\n")
            _to_disk(file)

    def sift(self, stays: Callable[[bytes], bytes | None]) -> int:
        """Go through all letters; what `stays` gives for a line stays in its place. Returns how many stay.

        Until the end the file is as it was, so that a crash loses nothing.
        """
        with self._LOCK:
            if not self._path.exists():
                return 0
            before = self._path.read_bytes().splitlines()
            after = [kept for line in before if line.strip() and (kept := stays(line)) is not None]
            if not after:
                self._path.unlink()
            elif after != before:
                draft = self._path.with_suffix(".draft")
                with draft.open("wb") as file:
                    file.write(b"".join(line + b"\n" for line in after))
                    _to_disk(file)
                draft.replace(self._path)
        return len(after)

    @staticmethod
    def _ends_broken_off(file: IO[bytes]) -> bool:
        """Whether a crash or a full disk left half a line: the next letter must not hang on to it."""
        if file.tell() == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def checkpoint_path(directory: Path, table: str) -> Path:
    """Where a table's checkpoint is kept."""
    return directory / f"checkpoint-{table}.json"


def delivered(directory: Path, tables: list[str]) -> dict[str, int]:
    """By table, the sequence number up to which its stream was handed on; tables without a checkpoint are left out."""
    kept = {table: _read(checkpoint_path(directory, table)) for table in tables}
    return {table: content.sequence_number for table, content in kept.items() if content}


def _read(path: Path) -> _Kept | None:
    """What a file keeps. A damaged one counts as none: being given the same records again changes nothing."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        return _Kept(content["stream"], int(content["sequenceNumber"]))
    except (KeyError, TypeError, ValueError):
        LOG.warning("%s is damaged: its stream is handed on from the oldest record again", path)
        return None


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
