"""From JSON to the types of wire/, strictly; what is wrong is said with the field's name."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from chalicelib.domain.errors import BadRequest, Invalid

Given = TypeVar("Given")


def decode(raw: bytes, into: type[Given], *, optional: bool = False) -> Given:
    """Decode JSON strictly; raises BadRequest when it is no JSON and Invalid, naming the field, when it is wrong."""
    if not raw.strip():
        if not optional:
            raise BadRequest("The body is empty; JSON was expected.", code="empty_body")
        raw = b"{}"
    try:
        return msgspec.json.decode(raw, type=into)
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is not JSON.", code="bad_json") from error


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
