"""Small files of the data folder: written as a whole, and put aside, never deleted, when they are damaged."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


class DamagedFile(Exception):
    """A file that does not hold what it should; `path` and `why` say which and what is wrong with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is damaged: {why}")
        self.path, self.why = path, why


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 as a whole: after a power cut it holds the old text or the new, never a part.

    A directory in its place is put aside. Raises OSError, which names the path.
    """
    try:
        if path.is_dir():
            quarantine(path)
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
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_if_changed(path: Path, text: str) -> None:
    """Write the file unless it holds just this text: a full disk then refuses nothing. Raises OSError."""
    try:
        if path.read_bytes() == text.encode():
            return
    except OSError:  # missing, or unreadable: written anew
        pass
    write_private(path, text)


def read_text(path: Path) -> str | None:
    """The file's text; None when there is no file. Raises DamagedFile."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise DamagedFile(path, "it is no text") from None
    except OSError as error:
        raise DamagedFile(path, error.strerror or str(error)) from error
    if "\0" in text:
        raise DamagedFile(path, "it holds zero bytes")
    return text


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in the file; None when there is no file. Raises DamagedFile."""
    text = read_text(path)
    if text is None:
        return None
    if not text.strip():
        raise DamagedFile(path, "it is empty")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedFile(path, "it is not JSON") from None
    if not isinstance(found, dict):
        raise DamagedFile(path, "it is not a JSON object")
    return found


def quarantine(path: Path) -> Path:
    """Rename a damaged file, or a directory in its place, to NAME-damaged-N; the new name. Raises OSError."""
    number = 1
    while (aside := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    return path.rename(aside)
