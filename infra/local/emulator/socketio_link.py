"""/socket.io: the live link for pages that speak Socket.IO. It opens the same dashboards as the WebSocket does.

A page connects with `io(url, {auth: {sessionToken}})`. The token buys a ticket from POST /live/ticket, and the ticket
opens a dashboard, so tokens, scopes and limits are those of the WebSocket. Each push becomes an event named by its
type. AWS has only the WebSocket.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import socketio
from anyio.to_thread import run_sync
from socketio.exceptions import ConnectionRefusedError as Refused
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chalicelib.core.client_address import address_bucket
from chalicelib.core.origins import BrowserHeaders, Site, site_of
from infra.local.emulator.internal_call import call_api
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.websocket import (
    LONGEST_SECONDS,
    MAX_WAITING,
    Connection,
    Connections,
    LiveHandlers,
    lambda_event,
)

PATH = "/socket.io"
MAX_PACKET_BYTES = 16 * 1024
"""Of what a page sends: its token, pings, and nothing else."""
RENEW_SECONDS = LONGEST_SECONDS - 60
"""A link ends a little before its dashboard would, in the way after which the page's library connects again."""
CONNECT_SECONDS = 10.0
"""How long a page may wait with its token."""
SWEEP_SECONDS = 2.0
MOST_LINKS = 1_000
MOST_WAITING_PER_CLIENT = 64
"""Links of one address without a dashboard: long polling holds no connection, so the server's own limits miss them."""
FOREIGN = {"success": False, "error": "Pages of this origin may not listen here (WEB_ORIGIN).", "code": "bad_origin"}
BUSY = {"success": False, "error": "Too many links are being opened; try again.", "code": "too_many"}
LOG = logging.getLogger("ghostwatt.live")


class ListenOnlyPacket(socketio.packet.Packet):
    """A packet without binary parts: pages only listen, and parts would be kept until the last one comes."""

    def decode(self, encoded_packet: str) -> int:
        """Read a packet; raises ValueError for one that announces parts."""
        if parts := super().decode(encoded_packet):
            raise ValueError(f"{parts} binary parts")
        return 0


@dataclass(slots=True)
class Link:
    """An open dashboard, the name of its engine's session, and the task that pushes to it."""

    connection: Connection
    session: str
    domain: str
    pushing: asyncio.Task[None] | None = None


class SocketIo:
    """An ASGI app. For the thread of its event loop only.

    Args:
        api: Answers the REST API, under /api.
        handlers: The functions behind the WebSocket's routes.
        connections: The open dashboards, to which the management API pushes.
        public_url: Where people reach the page.
        web_origin: The one other origin whose pages may listen, "" for none.
    """

    def __init__(
        self, api: ASGIApp, handlers: LiveHandlers, connections: Connections, public_url: str, web_origin: str
    ) -> None:
        self._api, self._handlers, self._connections = api, handlers, connections
        self._public_url, self._web_origin = public_url, web_origin
        self._links: dict[str, Link] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            serializer=ListenOnlyPacket,
            logger=logging.getLogger("socketio"),
            engineio_logger=logging.getLogger("engineio"),
            cors_allowed_origins=lambda _origin, _environ: True,  # others get no further than __call__
            max_http_buffer_size=MAX_PACKET_BYTES,
        )
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._engine = socketio.ASGIApp(self._server, socketio_path=PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of long polling, or one WebSocket."""
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep())
        await self._engine(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        names = ("origin", "sec-fetch-site", "referer", "host")
        said = BrowserHeaders(*(headers.getlist(name) for name in names))
        if site_of(said, self._public_url, self._web_origin) is Site.FOREIGN:
            return _refuse(scope, 403, FOREIGN)
        is_new = b"sid=" not in scope["query_string"]
        return _refuse(scope, 429, BUSY) if is_new and self._is_full(_address(scope)) else None

    def _is_full(self, address: str) -> bool:
        opened = {link.session for link in self._links.values()}
        waiting = Counter(
            address_bucket(_address(environ["asgi.scope"]))
            for session, environ in self._server.environ.items()
            if session not in opened
        )
        is_full = len(self._server.environ) >= MOST_LINKS
        return is_full or waiting[address_bucket(address)] >= MOST_WAITING_PER_CLIENT

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        """Open a dashboard; raises Refused, which the page's library hands to its `connect_error`."""
        scope = environ["asgi.scope"]
        ticket = await self._ticket(scope, auth.get("sessionToken") if isinstance(auth, dict) else None)
        headers = Headers(scope=scope)
        connection = Connection(_address(scope), headers.get("user-agent"))
        link = Link(connection, self._server.manager.eio_sid_from_sid(sid, "/"), headers.get("host", ""))
        self._connections.add(connection)
        self._links[sid] = link
        status = 500
        try:
            status = await self._open(link, headers, ticket)
        finally:
            if status >= 400:  # noqa: PLR2004 - HTTP's refusals begin there
                await self._forget(sid)
        if status >= 500:  # noqa: PLR2004 - the service's own failures
            raise Refused("The service failed; try again.", {"code": "internal"})
        if status >= 400:  # noqa: PLR2004
            raise Refused("The session has ended.", {"code": "bad_session"})
        link.pushing = asyncio.create_task(self._push_all(sid, link))

    async def _open(self, link: Link, headers: Headers, ticket: str) -> int:
        """Open a dashboard with a ticket; the status of the handler behind $connect."""
        event = lambda_event("CONNECT", "$connect", link.domain, link.connection)
        event |= {"headers": dict(headers), "queryStringParameters": {"ticket": ticket}}
        try:
            result = await run_sync(self._handlers.connect, event, LambdaContext("live_connect"))
        except Exception:  # a function that dies refuses the connection, as on AWS
            LOG.exception("$connect failed")
            return 502
        return int(result["statusCode"])

    async def _ticket(self, scope: Scope, token: object) -> str:
        """Buy a ticket with a session token, as the page itself would. Raises Refused with the API's own words."""
        is_text = isinstance(token, str) and token.isascii() and token.isprintable()
        headers = {"x-session-token": str(token)} if is_text else {}
        status, body = await call_api(self._api, scope, "/api/live/ticket", headers)
        if status != 200:  # noqa: PLR2004 - HTTP's OK
            raise Refused(body["error"], {"code": body["code"]})
        return str(body["ticket"])

    async def _push_all(self, sid: str, link: Link) -> None:
        """Send what is pushed, until the management API asks to close, the page is too slow, or the time is over."""
        with anyio.move_on_after(RENEW_SECONDS):
            while (message := await link.connection.outbox.get()) is not None:
                engine = self._server.eio.sockets.get(link.session)
                if engine is None or engine.queue.qsize() >= MAX_WAITING:
                    break
                push = json.loads(message)
                await self._server.emit(push["type"], push, to=sid)
                link.connection.touch()
            else:
                await self._server.disconnect(sid)  # after this word of ours a page's library stays away
                return
        await self._server.eio.disconnect(link.session)

    async def _disconnect(self, sid: str, _reason: str) -> None:
        await self._forget(sid)

    async def _forget(self, sid: str) -> None:
        link = self._links.pop(sid, None)
        if link is None:
            return
        self._connections.remove(link.connection)
        if link.pushing is not None and link.pushing is not asyncio.current_task():
            link.pushing.cancel()
        event = lambda_event("DISCONNECT", "$disconnect", link.domain, link.connection)
        with anyio.CancelScope(shield=True):
            try:
                await run_sync(self._handlers.disconnect, event, LambdaContext("live_disconnect"))
            except Exception:  # best effort, as on AWS: the first push to it answers 410
                LOG.exception("$disconnect failed")

    async def _sweep(self) -> None:
        """End sessions that open no dashboard, and forget dashboards whose page left while they were being opened."""
        seen_at: dict[str, float] = {}
        while True:
            await anyio.sleep(SWEEP_SECONDS)
            now, opened = anyio.current_time(), {link.session for link in self._links.values()}
            waiting = [session for session in self._server.environ if session not in opened]
            seen_at = {session: seen_at.get(session, now) for session in waiting}
            for session in waiting:
                if now - seen_at[session] >= CONNECT_SECONDS:
                    await self._server.eio.disconnect(session)
            gone = [sid for sid, link in self._links.items() if link.session not in self._server.environ]
            for sid in gone:
                await self._forget(sid)


def _refuse(scope: Scope, status: int, body: Mapping[str, object]) -> ASGIApp:
    response = JSONResponse(body, status)
    return _denied if scope["type"] == "websocket" else response


async def _denied(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
