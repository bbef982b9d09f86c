"""Requests whose end two servers may see at different places: refused, so that none can be smuggled past a proxy."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

AMBIGUOUS = {
    "success": False,
    "error": "A request has Content-Length or Transfer-Encoding, not both.",
    "code": "bad_request",
}


class OneFraming:
    """An ASGI app that answers 400 and hangs up on a request with two lengths (RFC 9112, section 6.1).

    That is one with Content-Length and Transfer-Encoding, or with Transfer-Encoding in HTTP/1.0, which has none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        app = JSONResponse(AMBIGUOUS, 400, {"Connection": "close"}) if _is_ambiguous(scope) else self._app
        await app(scope, receive, send)


def _is_ambiguous(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]} if scope["type"] == "http" else set()
    has_length = b"content-length" in names or scope.get("http_version") == "1.0"
    return b"transfer-encoding" in names and has_length
