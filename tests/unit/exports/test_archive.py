"""The zip of an export: no cell of its CSV is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from chalicelib.core.deadlines import Deadline
from chalicelib.exports.archive import new_archive
from chalicelib.exports.tables import Column, Table

NAME: Column[tuple[str, float]] = Column("name", "a name", lambda entry: entry[0])
WATTS: Column[tuple[str, float]] = Column("watts", "watts", lambda entry: entry[1])
NAMES_AND_WATTS = Table("ports", "Outlets.", (NAME, WATTS))
NAMES: Table[str] = Table("ports", "Outlets.", (Column("name", "a name", lambda name: name),))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_a_spreadsheet_would_run_has_an_apostrophe_before_it(tmp_path: Path, start: str) -> None:
    path = tmp_path / "export.zip"
    with new_archive(path, ["csv", "jsonl"], Deadline(600)) as archive:
        archive.add_table("ports", NAMES_AND_WATTS, [(f"{start}cmd", -1.5)])
    with zipfile.ZipFile(path) as written:
        text = written.read("ports.csv").decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(text, newline=""))) == [["name", "watts"], [f"'{start}cmd", "-1.5"]]
        assert b"'" not in written.read("ports.jsonl")


def test_a_table_has_one_byte_order_mark_by_which_excel_knows_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with new_archive(path, ["csv", "jsonl"], Deadline(600)) as archive:
        writer = archive.open_table("ports", NAMES)
        for name in ("Küche", "電視"):
            writer.add([name])
        archive.close_table(writer)
    with zipfile.ZipFile(path) as written:
        assert written.read("ports.csv") == b"\xef\xbb\xbf" + "name\r\nKüche\r\n電視\r\n".encode()
        assert not written.read("ports.jsonl").startswith(b"\xef\xbb\xbf")
