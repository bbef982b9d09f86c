"""From JSON to the types of wire/, strictly; what is wrong is said with the field's name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from chalicelib.core.errors import BadRequest, Invalid
from chalicelib.core.times import LATEST_MS

Given = TypeVar("Given")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors and Windows programs put it before UTF-8; a parser may ignore it (RFC 8259, section 8.1)."""
GZIP = b"\x1f"
"""How gzip begins; its second byte does not survive a gateway that takes bodies for text."""
SOMEWHERE_IN = "[...]"
"""How msgspec says that a value of a map is wrong; it does not say which one."""


def decode(raw: bytes, into: type[Given], *, optional: bool = False) -> Given:
    """Decode JSON strictly; raises BadRequest when it is no JSON and Invalid, naming the field, when it is wrong."""
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    if not raw.strip():
        if not optional:
            raise BadRequest("The body is empty; JSON was expected.", code="empty_body")
        raw = b"{}"
    try:
        return msgspec.json.decode(raw, type=into)
    except msgspec.ValidationError as error:
        raise _naming_the_key(raw, into, invalid(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if where := _not_a_number(raw):
            said = "JSON has no NaN and no Infinity: leave the value out."
            raise BadRequest(said, code="bad_json", field=where) from error
        said = "The body is compressed; plain JSON was expected." if raw.startswith(GZIP) else "The body is not JSON."
        raise BadRequest(said, code="bad_json") from error


def _naming_the_key(raw: bytes, into: type[Given], refused: Invalid) -> Invalid:
    """The same with the name of the value that is wrong, if it is one of a map: each is tried by itself."""
    name, somewhere, rest = (refused.field or "").partition(SOMEWHERE_IN)
    if not somewhere:
        return refused
    try:
        body = json.loads(raw)  # which takes 1e999 for infinity, as msgspec does not
    except (ValueError, RecursionError):  # what follows the wrong value is no JSON
        return refused
    values = body.get(name)
    for key, value in values.items() if isinstance(values, dict) else ():
        try:
            msgspec.convert({**body, name: {key: value}}, into)
        except msgspec.ValidationError as error:
            return Invalid(invalid(error).message, code=refused.code, field=f"{name}.{key}{rest}")
    return refused


def _not_a_number(raw: bytes) -> str | None:
    """The first field that is NaN or Infinity in what would else be JSON, None where that is not what is wrong."""
    found: list[object] = []

    def mark(_: str) -> object:
        found.append(object())
        return found[-1]

    try:
        body = json.loads(raw, parse_constant=mark)
    except (ValueError, RecursionError):
        return None
    return _path_of(found[0], body) if found else None


def _path_of(wanted: object, within: object) -> str | None:
    """Where a value is in decoded JSON, like readings[1].power."""
    parts: Iterable[tuple[str, object]] = ()
    if isinstance(within, dict):
        parts = ((f".{name}", value) for name, value in within.items())
    elif isinstance(within, list):
        parts = ((f"[{index}]", value) for index, value in enumerate(within))
    for name, value in parts:
        if value is wanted:
            return name.removeprefix(".")
        if isinstance(value, dict | list) and (rest := _path_of(wanted, value)):
            return f"{name}{'' if rest.startswith('[') else '.'}{rest}".removeprefix(".")
    return None


def invalid(error: msgspec.ValidationError) -> Invalid:
    """Msgspec's words as our error; the field is the path at its end, or the name that it complains of."""
    message = str(error)
    path = re.search(r"`\$\.?([^`]*)`$", message)
    named = re.search(r"field `([^`]*)`", message)
    parts = [part for part in (path.group(1) if path else "", named.group(1) if named else "") if part]
    said, _, _ = message.partition(" - at ")
    if "matching regex" in said:
        said = "This has a form, or characters, that are not allowed"
    if said.endswith(f"<= {LATEST_MS}"):
        said = "These are no epoch milliseconds up to the year 2100; microseconds and nanoseconds are not taken"
    return Invalid(f"{said}.", code="invalid", field=".".join(parts) or None)
