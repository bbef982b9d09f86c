"""The zip of a backup: a file of lines for each table, and a manifest with their counts and digests.

A line is an item of DynamoDB as JSON, in DynamoDB's own typed form: {"S": "text"}, {"N": "1"}, {"B": "base64"}.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class BackupError(Exception):
    """The backup failed; the message says why, and what a person can do about it."""


VERSION = 1
MANIFEST = "manifest.json"
Item = dict[str, Any]
"""From attribute names to typed values, as botocore gives and takes them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A table in the zip: how many items, and the SHA-256 of its lines in hexadecimal."""

    count: int
    sha256: str


def write(path: Path, tables: Iterable[tuple[str, Iterable[Item]]]) -> dict[str, Entry]:
    """Write tables by their names without the stage; the file appears once it is complete."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(0o600, exist_ok=False)  # digests of passwords and keys are in it
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            entries = {name: _write_table(archive, name, items) for name, items in tables}
            manifest = {"version": VERSION, "tables": {name: asdict(entry) for name, entry in entries.items()}}
            archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return entries


def _write_table(archive: zipfile.ZipFile, name: str, items: Iterable[Item]) -> Entry:
    digest, count = hashlib.sha256(), 0
    with archive.open(_file(name), "w", force_zip64=True) as file:
        for item in items:
            line = to_line(item)
            file.write(line)
            digest.update(line)
            count += 1
    return Entry(count, digest.hexdigest())


class Archive:
    """A verified zip of a backup, whose tables are read line by line."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.entries = _manifest(archive)
        for name, entry in self.entries.items():
            self._check(name, entry)

    def items(self, name: str) -> Iterator[Item]:
        """The items of a table."""
        with self._zip.open(_file(name)) as file:
            yield from map(from_line, file)

    def _check(self, name: str, entry: Entry) -> None:
        digest, count = hashlib.sha256(), 0
        with self._zip.open(_file(name)) as file:
            for line in file:
                digest.update(line)
                count += 1
        if Entry(count, digest.hexdigest()) != entry:
            raise BackupError(f"The table {name} in this file is not what was written.")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open the zip of a backup once all of it is verified. Raises BackupError."""
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(file)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise BackupError(f"{path} cannot be read: {error}") from error


def _manifest(archive: zipfile.ZipFile) -> dict[str, Entry]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
        if manifest["version"] != VERSION:
            raise BackupError(f"This file has version {manifest['version']}; only {VERSION} is known here.")
        return {str(name): Entry(int(it["count"]), str(it["sha256"])) for name, it in manifest["tables"].items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BackupError("This is not a file of make export-data.") from error


def _file(name: str) -> str:
    return f"{name}.jsonl"


def to_line(item: Item) -> bytes:
    """One line, its end included; the same item gives the same line."""
    typed = {name: _converted(value, _text) for name, value in item.items()}
    return json.dumps(typed, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Item:
    """The item of a line."""
    return {name: _converted(value, base64.b64decode) for name, value in json.loads(line).items()}


def _converted(value: dict[str, Any], binary: Callable[[Any], Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: binary(content)}
        case "BS":
            return {kind: sorted(map(binary, content))}
        case "L":
            return {kind: [_converted(part, binary) for part in content]}
        case "M":
            return {kind: {name: _converted(part, binary) for name, part in content.items()}}
        case _:
            return value


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
