"""Open WebSockets, and the management API that pushes to them (API Gateway's @connections calls)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from chalicelib.core import clock

MAX_MESSAGE_BYTES = 128 * 1024
IDLE_SECONDS = 10 * 60.0
LONGEST_SECONDS = 2 * 3_600.0
"""API Gateway's limits: on a message, on silence in both directions, on a connection's life."""
MAX_WAITING = 1_000
"""Messages that wait for a slow client; one more, and the connection is closed."""


def _now() -> float:
    return clock.now_ms() / 1_000


@dataclass(slots=True)
class Connection:
    """One WebSocket, from before its $connect handler is called, so that no push between then and the end is lost.

    outbox holds the messages to send; None asks to close.
    """

    source_ip: str
    user_agent: str | None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    outbox: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    opened_at: float = field(default_factory=_now)
    active_at: float = field(default_factory=_now)

    def touch(self) -> None:
        """Something was said, in either direction."""
        self.active_at = _now()

    def seconds_left(self) -> float:
        """Until it is closed if nothing more is said."""
        return min(self.active_at + IDLE_SECONDS, self.opened_at + LONGEST_SECONDS) - _now()


class Connections:
    """All open WebSockets by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def add(self, connection: Connection) -> None:
        """It can be pushed to from now on."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        self._open.pop(connection.id, None)

    async def manage(self, request: Request) -> Response:
        """POST sends the body to a connection, GET tells of it, DELETE closes it; 410 for one that is not open."""
        connection = self._open.get(request.path_params["connection_id"])
        if connection is None:
            return _error(410, "GoneException")
        if request.method == "POST":
            return await _post(connection, request)
        if request.method == "DELETE":
            connection.outbox.put_nowait(None)
            return Response(status_code=204)
        identity = {"sourceIp": connection.source_ip, "userAgent": connection.user_agent}
        times = {"connectedAt": _iso(connection.opened_at), "lastActiveAt": _iso(connection.active_at)}
        return JSONResponse({"identity": identity, **times})


async def _post(connection: Connection, request: Request) -> Response:
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    if len(body) > MAX_MESSAGE_BYTES:
        return _error(413, "PayloadTooLargeException")
    if connection.outbox.qsize() >= MAX_WAITING:
        connection.outbox.put_nowait(None)
        return _error(410, "GoneException")
    connection.outbox.put_nowait(body.decode(errors="replace"))
    return Response()


def _error(status: int, kind: str) -> Response:
    return JSONResponse({"message": kind}, status, headers={"x-amzn-ErrorType": kind})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
