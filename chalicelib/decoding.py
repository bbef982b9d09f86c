"""From JSON to the types of wire/, strictly; what is wrong is said with the field's name."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from chalicelib.domain.errors import BadRequest, Invalid

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
        said = "The body is compressed; plain JSON was expected." if raw.startswith(GZIP) else "The body is not JSON."
        raise BadRequest(said, code="bad_json") from error


def _naming_the_key(raw: bytes, into: type[Given], refused: Invalid) -> Invalid:
    """The same with the name of the value that is wrong, if it is one of a map: each is tried by itself."""
    name, somewhere, rest = (refused.field or "").partition(SOMEWHERE_IN)
    if not somewhere:
        return refused
    try:
        body = msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # what follows the wrong value is no JSON
        return refused
    values = body.get(name)
    for key, value in values.items() if isinstance(values, dict) else ():
        try:
            msgspec.convert({**body, name: {key: value}}, into)
        except msgspec.ValidationError as error:
            return Invalid(invalid(error).message, code=refused.code, field=f"{name}.{key}{rest}")
    return refused


def invalid(error: msgspec.ValidationError) -> Invalid:
    """Msgspec's words as our error; the field is the path at its end, or the name that it complains of."""
    message = str(error)
    path = re.search(r"`\$\.?([^`]*)`$", message)
    named = re.search(r"field `([^`]*)`", message)
    parts = [part for part in (path.group(1) if path else "", named.group(1) if named else "") if part]
    said, _, _ = message.partition(" - at ")
    if "matching regex" in said:
        said = "This has a form, or characters, that are not allowed"
    return Invalid(f"{said}.", code="invalid", field=".".join(parts) or None)
