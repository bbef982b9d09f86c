"""The zip of an export: tables as CSV and JSON lines, written through files on disk, so that memory stays small."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Generic

import msgspec

from chalicelib.core.csv_tables import BYTE_ORDER_MARK, Cell, escape_formula
from chalicelib.core.deadlines import Deadline
from chalicelib.exports.model import Format
from chalicelib.exports.tables import Entry, Table

ENTRIES_AT_ONCE = 5_000
_ENCODER = msgspec.json.Encoder()


class TookTooLong(Exception):
    """The export was not finished by its deadline."""


class TableWriter(Generic[Entry]):
    """Writes a table bit by bit to one file of each format, until the archive takes the files."""

    def __init__(self, directory: Path, path: str, table: Table[Entry], formats: Iterable[Format]) -> None:
        self._table = table
        self._files = {name: (directory / f"{path.replace('/', ' ')}.{name}", f"{path}.{name}") for name in formats}
        for name, (file_path, _) in self._files.items():
            file_path.touch()
            if name == "csv":
                file_path.write_text(BYTE_ORDER_MARK, encoding="utf-8")
                _append_csv(file_path, [table.names])

    def add(self, entries: Iterable[Entry]) -> None:
        """Add a row for each entry. A file is open only here: a day may have hundreds of outlets."""
        rows = [self._table.row(entry) for entry in entries]
        for name, (file_path, _) in self._files.items():
            if name == "csv":
                _append_csv(file_path, rows)
            else:
                with file_path.open("ab") as file:
                    file.write(_ENCODER.encode_lines([dict(zip(self._table.names, row, strict=True)) for row in rows]))

    def move_into(self, archive: zipfile.ZipFile) -> None:
        """Put the files into the zip and delete them."""
        for file_path, path in self._files.values():
            archive.write(file_path, path)
            file_path.unlink()


def _append_csv(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """RFC 4180; a missing value is empty."""
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([escape_formula(cell) for cell in row] for row in rows)


class Archive:
    """A zip that is being written. Its methods raise TookTooLong once the deadline has expired."""

    def __init__(
        self, archive: zipfile.ZipFile, directory: Path, formats: Sequence[Format], deadline: Deadline
    ) -> None:
        self._zip = archive
        self._directory = directory
        self._formats = formats
        self._deadline = deadline

    def add_text(self, name: str, text: str | bytes) -> None:
        """Add a file that is complete."""
        self._zip.writestr(name, text)

    def open_table(self, path: str, table: Table[Entry]) -> TableWriter[Entry]:
        """Begin a table that is filled bit by bit; its path in the zip has no ending."""
        self.check_time()
        return TableWriter(self._directory, path, table, self._formats)

    def close_table(self, writer: TableWriter[Entry]) -> None:
        """Finish a table: it moves into the zip."""
        writer.move_into(self._zip)

    def add_table(self, path: str, table: Table[Entry], entries: Iterable[Entry]) -> None:
        """Add a whole table; its entries are read bit by bit."""
        writer, iterator = self.open_table(path, table), iter(entries)
        while some := list(islice(iterator, ENTRIES_AT_ONCE)):
            self.check_time()
            writer.add(some)
        self.close_table(writer)

    def check_time(self) -> None:
        """Check the deadline.

        Raises:
            TookTooLong: The deadline has expired.
        """
        if self._deadline.expired:
            raise TookTooLong


@contextmanager
def new_archive(path: Path, formats: Sequence[Format], deadline: Deadline) -> Iterator[Archive]:
    """Open a zip for writing; the file at the path is complete when the context ends."""
    with (
        tempfile.TemporaryDirectory(dir=path.parent) as directory,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        yield Archive(archive, Path(directory), formats, deadline)
