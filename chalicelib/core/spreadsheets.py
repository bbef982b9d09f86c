"""CSV that somebody opens in a spreadsheet: which runs text as a formula, and takes UTF-8 for something else.

Devices and people give names, and whoever opens the file trusts it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re

Cell = str | int | float | bool | None
BYTE_ORDER_MARK = "\ufeff"
"""Before a CSV: by it Excel knows that the file is UTF-8."""
FORMULA = re.compile(r"(^\s*|[;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula would begin: at the start of a cell, and behind what parts cells in some countries or programs. The
last four characters are the first four in full width, which some spreadsheets take too."""
DROPPED_STARTS = ("\t", "\r", "\n")


def escape_formula(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run as a formula; other cells stay as they are."""
    if not isinstance(cell, str):
        return cell
    text = FORMULA.sub(r"\1'", cell)
    return f"'{text}" if text.startswith(DROPPED_STARTS) else text
