"""Answers as CSV (RFC 4180) or by columns, and the header that names the next page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.responses import Reply
from chalicelib.core.spreadsheets import BYTE_ORDER_MARK, escape_formula

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows; a row has a cell for each name."""

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def columns(self) -> dict[str, list[Cell]]:
        """Turn the rows into columns, by name."""
        return {name: [row[index] for row in self.rows] for index, name in enumerate(self.names)}


def csv_reply(table: Table, next_cursor: str | None, *, byte_order_mark: bool) -> Reply:
    """Answer a table as CSV with a line of names. A cell without a value is empty.

    Args:
        table: The table.
        next_cursor: The cursor of the next page, None at the end.
        byte_order_mark: Begin with one; by it Excel knows that the file is UTF-8.
    """
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK if byte_order_mark else "")
    writer = csv.writer(text)
    writer.writerow(map(escape_formula, table.names))  # a sensor's name is a column's name
    writer.writerows(table.rows)
    headers = {"Cache-Control": "no-store", **next_page_header(next_cursor)}
    return Reply(text.getvalue(), headers, content_type="text/csv; charset=utf-8")


def next_page_header(next_cursor: str | None) -> dict[str, str]:
    """Name the next page in a header, if there is one."""
    return {"x-next-cursor": next_cursor} if next_cursor else {}
