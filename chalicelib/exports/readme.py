"""README.txt of an export: what each table is, and what each of its columns means, with units."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.accounts.model import Account
from chalicelib.core.settings import VERSION
from chalicelib.core.times import iso
from chalicelib.exports.model import Export

Described = tuple[str, str, Mapping[str, str]]
"""A table: its name, what it holds, and the meaning of each of its columns."""


def readme(export: Export, account: Account, tables: tuple[Described, ...], now_ms: int) -> str:
    """The text."""
    begin = iso(export.first_ms) if export.first_ms else "the beginning"
    parts = [
        f"Ghostwatt {VERSION}: the data of {account.email}",
        f"Made {iso(now_ms)}, of what is kept from {begin} to {iso(export.last_ms)}; what has expired is left out.",
        _FORMS.format(timezone=account.timezone),
        _ACCOUNT,
        *(_described(*table) for table in tables),
    ]
    return "\n\n".join(parts) + "\n"


_FORMS = """Tables are CSV (RFC 4180: commas, UTF-8 with a byte order mark, a line of names) or JSON lines (UTF-8, one
object a line), or both with the same rows. What has no value is empty in CSV and null in JSON. In CSV a text that a
spreadsheet would run as a formula has an apostrophe before it. Times are UTC; where the hours and days of energy begin
is by the clock of {timezone}."""
_ACCOUNT = """account.json
  Your settings. tariffPerKwh is in the currency, gramsCo2PerKwh in grams. A tariff's prices are in millionths of the
  currency per kWh, its windows in quarter hours since midnight, on weekdays from 0 (Monday).
  Quiet hours are minutes since midnight. Passwords, keys and the secret of a webhook are never exported."""


def _described(name: str, holds: str, columns: Mapping[str, str]) -> str:
    width = max(map(len, columns))
    lines = [f"  {column.ljust(width)}  {meaning}" for column, meaning in columns.items()]
    return "\n".join([name, f"  {holds}", *lines])
