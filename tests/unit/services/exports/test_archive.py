"""The zip of an export: no cell of its CSV is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from chalicelib.services.exports.archive import new_archive


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_has_an_apostrophe_before_it(tmp_path: Path, start: str) -> None:
    path = tmp_path / "export.zip"
    with new_archive(path, ["csv", "jsonl"], lambda: False) as archive:
        archive.add_table("ports", ["name", "watts"], [(f"{start}cmd", -1.5)])
    with zipfile.ZipFile(path) as written:
        text = written.read("ports.csv").decode()
        assert list(csv.reader(io.StringIO(text, newline=""))) == [["name", "watts"], [f"'{start}cmd", "-1.5"]]
        assert b"'" not in written.read("ports.jsonl")
