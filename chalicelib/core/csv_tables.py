"""Tables as CSV (RFC 4180) for spreadsheets, which run text as a formula and may not recognise UTF-8.

Devices and people choose names that end up in the file, and the person who opens it trusts it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.responses import Reply

Cell = str | int | float | None
BYTE_ORDER_MARK = "\ufeff"
"""Before a CSV: by it Excel knows that the file is UTF-8."""
FORMULA = re.compile(r"(^\s*|[;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula would begin: at the start of a cell, and after the separators of some countries and programs. The
last four characters are the first four in full width, which some spreadsheets accept too."""
DROPPED_STARTS = ("\t", "\r", "\n")


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


def escape_formula(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run as a formula; other cells stay as they are."""
    if not isinstance(cell, str):
        return cell
    text = FORMULA.sub(r"\1'", cell)
    return f"'{text}" if text.startswith(DROPPED_STARTS) else text
