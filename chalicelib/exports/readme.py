"""README.txt of an export: explains each table and each of its columns, with units."""

from __future__ import annotations

from typing import Any

from chalicelib.accounts.model import Account
from chalicelib.core.times import iso
from chalicelib.core.version import VERSION
from chalicelib.exports.model import Export
from chalicelib.exports.tables import TABLES, Table


def readme(export: Export, account: Account, now_ms: int) -> str:
    """Write README.txt of an export that is made now."""
    begin = iso(export.first_ms) if export.first_ms else "the beginning"
    parts = [
        f"Ghostwatt {VERSION}: the data of {account.email}",
        f"Made {iso(now_ms)}, of the data kept from {begin} to {iso(export.last_ms)}; expired data is left out.",
        _FORMATS.format(timezone=account.timezone),
        _ACCOUNT,
        *map(_describe, TABLES),
    ]
    return "\n\n".join(parts) + "\n"


_FORMATS = """Tables are CSV (RFC 4180: commas, UTF-8 with a byte order mark, a line of names) or JSON lines (UTF-8, one
object a line), or both with the same rows. A missing value is empty in CSV and null in JSON. In CSV a text that a
spreadsheet would run as a formula has an apostrophe before it. Times are UTC; the hours and days of energy begin by the
clock of {timezone}."""
_ACCOUNT = """account.json
  Your settings. tariffPerKwh is in the currency, gramsCo2PerKwh in grams. A tariff's prices are in millionths of the
  currency per kWh, its windows in quarter hours since midnight, on weekdays from 0 (Monday).
  Quiet hours are minutes since midnight. Passwords, keys and the secret of a webhook are never exported."""


def _describe(table: Table[Any]) -> str:
    width = max(map(len, table.names))
    lines = [f"  {column.name.ljust(width)}  {column.meaning}" for column in table.columns]
    return "\n".join([table.path, f"  {table.holds}", *lines])
