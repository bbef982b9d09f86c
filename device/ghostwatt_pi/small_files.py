"""Small files of the data directory: written as a whole; a damaged one is renamed, never deleted."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


class DamagedFile(Exception):
    """A file does not hold what it should. `path` names it, `why` says what is wrong."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is damaged: {why}")
        self.path, self.why = path, why


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 as a whole: after a power cut it holds the old text or the new one, never a part.

    A directory in its place is quarantined. Raises OSError, which names the path.
    """
    try:
        if path.is_dir():
            quarantine(path)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_if_changed(path: Path, text: str) -> None:
    """Write a file unless it holds just this text already, so that a full disk does no harm. Raises OSError."""
    if not _holds(path, text):
        write_private(path, text)


def read_text(path: Path) -> str | None:
    """Return the file's text; None when there is no file. Raises DamagedFile."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise DamagedFile(path, "it is not text") from None
    except OSError as error:
        raise DamagedFile(path, error.strerror or str(error)) from error
    if "\0" in text:
        raise DamagedFile(path, "it holds zero bytes")
    return text


def read_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in the file; None when there is no file. Raises DamagedFile."""
    text = read_text(path)
    if text is None:
        return None
    if not text.strip():
        raise DamagedFile(path, "it is empty")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedFile(path, "it is not JSON") from None
    if not isinstance(value, dict):
        raise DamagedFile(path, "it is not a JSON object")
    return value


def quarantine(path: Path) -> Path:
    """Rename a damaged file, or a directory in its place, to NAME-damaged-N and return the new path. Raises OSError."""
    number = 1
    while (renamed := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    return path.rename(renamed)


def _holds(path: Path, text: str) -> bool:
    """Whether the file holds just this text; one that cannot be read does not."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:  # missing, unreadable or a directory: write_private replaces it, or raises why it cannot
        return False
