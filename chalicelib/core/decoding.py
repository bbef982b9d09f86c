"""Bodies and queries of requests, decoded strictly into Structs; errors name the field."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from typing import TypeVar, cast

import msgspec
from chalice.app import Request

from chalicelib.core.errors import BadRequest, Invalid, TooLarge
from chalicelib.core.times import LATEST_MS

Given = TypeVar("Given")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors and Windows programs put it before UTF-8; a parser may ignore it (RFC 8259, section 8.1)."""
GZIP = b"\x1f"
"""How gzip begins; its second byte does not survive a gateway that takes bodies for text."""
SOMEWHERE_IN = "[...]"
"""How msgspec says that a value of a map is wrong; it does not say which one."""
MAX_BODY_BYTES = 256 * 1024
DIGITS = re.compile(r"-?[0-9]+")


def raw_body(request: Request) -> bytes:
    """The bytes of a request's body. Raises TooLarge past 256 KB."""
    event = request.to_original_event()
    text = event.get("body") or ""
    raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body has at most {MAX_BODY_BYTES} bytes.", code="too_large")
    return raw


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


def decode_query(parameters: Mapping[str, str], into: type[Given]) -> Given:
    """Decode a query string; raises Invalid, naming the parameter, when one is wrong."""
    for name in _whole_numbers(cast("Hashable", into)) & parameters.keys():
        if not DIGITS.fullmatch(parameters[name]):  # msgspec takes 1.0 and 1e2 too
            raise Invalid(f"{name} is a whole number.", code="invalid", field=name)
    try:
        return msgspec.convert(parameters, into, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


@cache
def _whole_numbers(into: Hashable) -> frozenset[str]:
    """The names of the fields that are whole numbers, or may be left out."""
    (component,) = msgspec.json.schema_components([into])[1].values()
    return frozenset(
        name
        for name, schema in component["properties"].items()
        if any(kind.get("type") == "integer" for kind in schema.get("anyOf", [schema]))
    )


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
