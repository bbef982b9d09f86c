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

Decoded = TypeVar("Decoded")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors and Windows programs put it before UTF-8; a parser may ignore it (RFC 8259, section 8.1)."""
GZIP = b"\x1f"
"""The first byte of gzip; the second one does not survive a gateway that treats bodies as text."""
ANY_KEY = "[...]"
"""How msgspec says that a value of a map is wrong; it does not say which one."""
MAX_BODY_BYTES = 256 * 1024
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
"""At most 18 digits: int() of a very long text takes long."""


def raw_body(request: Request) -> bytes:
    """The bytes of a request's body. Raises TooLarge past 256 KB."""
    event = request.to_original_event()
    text = event.get("body") or ""
    raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body has at most {MAX_BODY_BYTES} bytes.", code="too_large")
    return raw


def decode(raw: bytes, into: type[Decoded], *, optional: bool = False) -> Decoded:
    """Decode JSON strictly.

    Args:
        raw: The body.
        into: The type to decode into.
        optional: Whether an empty body stands for {}.

    Raises:
        BadRequest: The body is empty, or is not JSON.
        Invalid: A field is wrong; the error names it.
    """
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
            message = "JSON has no NaN and no Infinity: leave the value out."
            raise BadRequest(message, code="bad_json", field=where) from error
        if raw.startswith(GZIP):
            raise BadRequest("The body is compressed; plain JSON was expected.", code="bad_json") from error
        raise BadRequest("The body is not JSON.", code="bad_json") from error


def decode_query(parameters: Mapping[str, str], into: type[Decoded]) -> Decoded:
    """Decode a query string; raises Invalid, naming the parameter, when one is wrong."""
    values: dict[str, str | int] = dict(parameters)
    for name in _whole_numbers(cast("Hashable", into)) & parameters.keys():
        if not WHOLE_NUMBER.fullmatch(parameters[name]):
            raise Invalid(f"{name} is a whole number.", code="invalid", field=name)
        values[name] = int(parameters[name])
    try:
        return msgspec.convert(values, into)
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


def _naming_the_key(raw: bytes, into: type[Decoded], refused: Invalid) -> Invalid:
    """The error with the key of the wrong value, if it is a value of a map: each value is tried by itself."""
    name, somewhere, rest = (refused.field or "").partition(ANY_KEY)
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
    """The first field that is NaN or Infinity, which JSON does not have; None when there is none."""
    marks: list[object] = []

    def mark(_: str) -> object:
        marks.append(object())
        return marks[-1]

    try:
        body = json.loads(raw, parse_constant=mark)
    except (ValueError, RecursionError):
        return None
    return _path_of(marks[0], body) if marks else None


def _path_of(searched: object, within: object) -> str | None:
    """The path of a value in decoded JSON, like readings[1].power; None when it is not in there."""
    parts: Iterable[tuple[str, object]] = ()
    if isinstance(within, dict):
        parts = ((f".{name}", value) for name, value in within.items())
    elif isinstance(within, list):
        parts = ((f"[{index}]", value) for index, value in enumerate(within))
    for name, value in parts:
        if value is searched:
            return name.removeprefix(".")
        if isinstance(value, dict | list) and (rest := _path_of(searched, value)):
            return f"{name}{'' if rest.startswith('[') else '.'}{rest}".removeprefix(".")
    return None


def invalid(error: msgspec.ValidationError) -> Invalid:
    """An error of msgspec as ours; the field is the path at the end of its message, or the field that it names."""
    message = str(error)
    path = re.search(r"`\$\.?([^`]*)`$", message)
    named = re.search(r"field `([^`]*)`", message)
    parts = [part for part in (path.group(1) if path else "", named.group(1) if named else "") if part]
    sentence, _, _ = message.partition(" - at ")
    if "matching regex" in sentence:
        sentence = "This has a form or characters that are not allowed"
    if sentence.endswith(f"<= {LATEST_MS}"):
        sentence = (
            "This is no time in epoch milliseconds up to the year 2100; microseconds and nanoseconds are not taken"
        )
    return Invalid(f"{sentence}.", code="invalid", field=".".join(parts) or None)
