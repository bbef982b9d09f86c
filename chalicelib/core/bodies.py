"""The bytes of a request's body, bounded."""

from __future__ import annotations

import base64

from chalice.app import Request

from chalicelib.core.errors import TooLarge

MAX_BODY_BYTES = 256 * 1024


def raw_body(request: Request) -> bytes:
    """The body's bytes; raises TooLarge past 256 KB."""
    event = request.to_original_event()
    text = event.get("body") or ""
    raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body has at most {MAX_BODY_BYTES} bytes.", code="too_large")
    return raw
