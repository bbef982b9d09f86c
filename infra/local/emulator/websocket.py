"""/live: open WebSockets, the handlers of their routes, and the management API that pushes to them (@connections)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chalicelib.core import clock
from infra.local.emulator.lambda_context import LambdaContext

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
            return _refusal(410, "GoneException")
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
        return _refusal(413, "PayloadTooLargeException")
    if connection.outbox.qsize() >= MAX_WAITING:
        connection.outbox.put_nowait(None)
        return _refusal(410, "GoneException")
    connection.outbox.put_nowait(body.decode(errors="replace"))
    return Response()


def _refusal(status: int, kind: str) -> Response:
    return JSONResponse({"message": kind}, status, headers={"x-amzn-ErrorType": kind})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


GOING_AWAY = 1001
"""The close code for a connection that was idle or open for too long (RFC 6455, 7.4.1)."""
LOG = logging.getLogger("ghostwatt.live")

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@dataclass(frozen=True, slots=True)
class LiveHandlers:
    """The functions behind the routes $connect, $default and $disconnect."""

    connect: Handler
    message: Handler
    disconnect: Handler


class Live:
    """An ASGI app that serves WebSockets."""

    def __init__(self, handlers: LiveHandlers, connections: Connections) -> None:
        self._handlers = handlers
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to end. A $connect handler that refuses or fails refuses the handshake."""
        socket = WebSocket(scope, receive, send)
        address = socket.client.host if socket.client else ""
        connection = Connection(address, socket.headers.get("user-agent"))
        self._connections.add(connection)
        try:
            status = await self._connect(socket, connection)
            if status >= 400:  # noqa: PLR2004 - HTTP's refusals begin there
                await socket.send_denial_response(Response(status_code=status))
                return
            await self._serve(socket, connection)
        finally:
            self._connections.remove(connection)

    async def _connect(self, socket: WebSocket, connection: Connection) -> int:
        event = lambda_event("CONNECT", "$connect", socket.url.netloc, connection)
        query = dict(socket.query_params)
        event |= {
            "headers": dict(socket.headers),
            "queryStringParameters": query or None,
            "multiValueQueryStringParameters": {name: socket.query_params.getlist(name) for name in query} or None,
        }
        try:
            result = await run_sync(self._handlers.connect, event, LambdaContext("live_connect"))
        except Exception:  # a function that dies refuses the handshake, as on AWS
            LOG.exception("$connect failed")
            return 502
        return int(result["statusCode"])

    async def _serve(self, socket: WebSocket, connection: Connection) -> None:
        try:
            await socket.accept()
            async with anyio.create_task_group() as tasks:
                for part in (self._send_all, self._receive_all, _close_in_time):
                    tasks.start_soon(_until_done, part, socket, connection, tasks.cancel_scope)
        finally:
            with anyio.CancelScope(shield=True):
                await self._disconnect(socket, connection)

    async def _send_all(self, socket: WebSocket, connection: Connection) -> None:
        """Send what is pushed, until the management API asks to close."""
        try:
            while (message := await connection.outbox.get()) is not None:
                await socket.send_text(message)
                connection.touch()
        except WebSocketDisconnect:
            return
        await socket.close()

    async def _receive_all(self, socket: WebSocket, connection: Connection) -> None:
        """Hand on what the client says, until it goes."""
        while (received := await socket.receive())["type"] != "websocket.disconnect":
            connection.touch()
            body = received.get("text") or (received.get("bytes") or b"").decode(errors="replace")
            event = lambda_event("MESSAGE", "$default", socket.url.netloc, connection) | {"body": body}
            try:
                await run_sync(self._handlers.message, event, LambdaContext("live_message"))
            except Exception:  # a function that dies fails one message, not the connection, as on AWS
                LOG.exception("$default failed")

    async def _disconnect(self, socket: WebSocket, connection: Connection) -> None:
        event = lambda_event("DISCONNECT", "$disconnect", socket.url.netloc, connection)
        try:
            await run_sync(self._handlers.disconnect, event, LambdaContext("live_disconnect"))
        except Exception:  # best effort, as on AWS: the first push to it answers 410
            LOG.exception("$disconnect failed")


async def _until_done(
    part: Callable[[WebSocket, Connection], Awaitable[None]],
    socket: WebSocket,
    connection: Connection,
    scope: anyio.CancelScope,
) -> None:
    """Run one part of a connection; its end is the end of the others."""
    await part(socket, connection)
    scope.cancel()


async def _close_in_time(socket: WebSocket, connection: Connection) -> None:
    while (seconds := connection.seconds_left()) > 0:  # noqa: ASYNC110 - each word moves the end
        await anyio.sleep(seconds)
    if socket.client_state is WebSocketState.CONNECTED:
        await socket.close(GOING_AWAY)


def lambda_event(event_type: str, route_key: str, domain: str, connection: Connection) -> dict[str, Any]:
    """What API Gateway sends to the function behind a route of the WebSocket; `domain` is where the page called."""
    return {
        "requestContext": {
            "apiId": "local",
            "connectedAt": int(connection.opened_at * 1_000),
            "connectionId": connection.id,
            "domainName": domain,
            "eventType": event_type,
            "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
            "messageDirection": "IN",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1_000),
            "routeKey": route_key,
            "stage": "live",
        },
        "isBase64Encoded": False,
    }
