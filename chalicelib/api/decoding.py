"""Bodies: their bytes, bounded, and their JSON, strict; what is wrong is said with the field's name."""

from __future__ import annotations

import base64
import re
from typing import TypeVar

import msgspec
from chalice.app import Request

from chalicelib.domain.errors import BadRequest, Invalid, TooLarge

MAX_BODY_BYTES = 256 * 1024

Given = TypeVar("Given")


def raw_body(request: Request) -> bytes:
    """The body's bytes; raises TooLarge past 256 KB."""
    event = request.to_original_event()
    text = event.get("body") or ""
    raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body has at most {MAX_BODY_BYTES} bytes.", code="too_large")
    return raw


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
