"""Calls of the REST API from within the stack, in the name of a caller that has come another way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

SCHEMES = {"ws": "http", "wss": "https"}


async def call_api(api: ASGIApp, scope: Scope, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """POST without a body to the API.

    Args:
        api: The API.
        scope: The request of the caller in whose name it is: the address and the host are taken from there.
        path: The path, with the stage.
        headers: More headers, in Latin-1.

    Returns:
        The status and the decoded body.
    """
    host = Headers(scope=scope).get("host", "")
    named = {"host": host, "content-length": "0", **headers}
    request = {
        **{name: scope[name] for name in ("asgi", "client", "server")},
        "type": "http",
        "http_version": "1.1",
        "scheme": SCHEMES.get(scope["scheme"], scope["scheme"]),
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
    }
    status, body = 0, bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    await api(request, receive, send)
    return status, json.loads(bytes(body))
