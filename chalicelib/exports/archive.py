"""The zip of an export: tables as CSV and JSON lines, written through files on disk, so that memory stays small."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec

from chalicelib.core.deadlines import Deadline
from chalicelib.core.spreadsheets import BYTE_ORDER_MARK, Cell, harmless
from chalicelib.exports.model import Format

Row = Sequence[Cell]
ROWS_AT_ONCE = 5_000
_ENCODER = msgspec.json.Encoder()


class TookTooLong(Exception):
    """The job may not work any longer."""


class Table:
    """A table under way: rows are added to a file of each format, until the archive takes them."""

    def __init__(self, directory: Path, name: str, columns: Iterable[str], formats: Iterable[Format]) -> None:
        self._columns = tuple(columns)
        self._files = {kind: (directory / f"{name.replace('/', ' ')}.{kind}", f"{name}.{kind}") for kind in formats}
        for kind, (path, _) in self._files.items():
            path.touch()
            if kind == "csv":
                path.write_text(BYTE_ORDER_MARK, encoding="utf-8")
                _add_csv(path, [self._columns])

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, each as long as the columns. A file is open only here: a day may have hundreds of outlets."""
        for kind, (path, _) in self._files.items():
            if kind == "csv":
                _add_csv(path, rows)
            else:
                with path.open("ab") as file:
                    file.write(_ENCODER.encode_lines([dict(zip(self._columns, row, strict=True)) for row in rows]))

    def move_into(self, archive: zipfile.ZipFile) -> None:
        """Put the files into the zip, and delete them."""
        for path, name in self._files.values():
            archive.write(path, name)
            path.unlink()


def _add_csv(path: Path, rows: Iterable[Row]) -> None:
    """RFC 4180; what has no value is empty."""
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([harmless(cell) for cell in row] for row in rows)


class Archive:
    """A zip under way. Raises TookTooLong where it is to go on after its time."""

    def __init__(
        self, archive: zipfile.ZipFile, directory: Path, formats: Sequence[Format], deadline: Deadline
    ) -> None:
        self._zip = archive
        self._directory = directory
        self._formats = formats
        self._deadline = deadline

    def add_text(self, name: str, text: str | bytes) -> None:
        """A file that is there at once."""
        self._zip.writestr(name, text)

    def new_table(self, name: str, columns: Iterable[str]) -> Table:
        """A table (its name in the zip without an ending) that is filled bit by bit, and then closed."""
        self.check_time()
        return Table(self._directory, name, columns, self._formats)

    def close_table(self, table: Table) -> None:
        """The table is whole."""
        table.move_into(self._zip)

    def add_table(self, name: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
        """A whole table; its rows are asked for bit by bit."""
        table, coming = self.new_table(name, columns), iter(rows)
        while some := list(islice(coming, ROWS_AT_ONCE)):
            self.check_time()
            table.add(some)
        self.close_table(table)

    def check_time(self) -> None:
        """Raises TookTooLong once the time is over."""
        if self._deadline.expired:
            raise TookTooLong


@contextmanager
def new_archive(path: Path, formats: Sequence[Format], deadline: Deadline) -> Iterator[Archive]:
    """A zip that is written to a path; it is whole when this ends."""
    with (
        tempfile.TemporaryDirectory(dir=path.parent) as directory,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        yield Archive(archive, Path(directory), formats, deadline)
