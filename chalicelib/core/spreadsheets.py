"""CSV for spreadsheets, which run text as a formula and may not recognise UTF-8.

Devices and people choose names that end up in the file, and the person who opens it trusts it:
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re

Cell = str | int | float | bool | None
BYTE_ORDER_MARK = "\ufeff"
"""Before a CSV: by it Excel knows that the file is UTF-8."""
FORMULA = re.compile(r"(^\s*|[;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula would begin: at the start of a cell, and after the separators of some countries and programs. The
last four characters are the first four in full width, which some spreadsheets accept too."""
DROPPED_STARTS = ("\t", "\r", "\n")


def escape_formula(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run as a formula; other cells stay as they are."""
    if not isinstance(cell, str):
        return cell
    text = FORMULA.sub(r"\1'", cell)
    return f"'{text}" if text.startswith(DROPPED_STARTS) else text
