"""Cells of a CSV that somebody opens in a spreadsheet, which runs text as a formula.

Devices and people give names, and whoever opens the file trusts it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

Cell = str | int | float | bool | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: Cell) -> Cell:
    """The cell; text that would be run gets an apostrophe before it, which makes it text. Numbers stay as they are."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
