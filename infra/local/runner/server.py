"""One process, one port: the gateway, the WebSocket and the page, and the management API on a port of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.emulator.connection_limits import MOST_HTTP, MOST_PER_CLIENT, HttpLimits
from infra.local.emulator.http_protocols import Front
from infra.local.emulator.socketio_link import PATH as SOCKET_IO_PATH
from infra.local.emulator.websocket import MAX_MESSAGE_BYTES, Connections
from infra.local.errors import StackError

BACKLOG = 2_048
ACCEPTED_AT_ONCE = 64
"""Connections that are taken before the limits see them: in a flood each still takes a descriptor for a moment."""
HANDSHAKE_SECONDS = 10.0
GRACE_SECONDS = 5
"""How long requests that are under way may take to end when the stack stops."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that is bound and listens already: requests wait in its queue until the server takes them."""

    socket: socket.socket

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.socket.getsockname()[1])


def listen(host: str, port: int) -> Listener:
    """Listen on a port, 0 for a free one; raises StackError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP is named because asyncio turns Nagle off only then; else answers wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        return Listener(listening)
    except OSError as error:
        listening.close()
        raise StackError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def public_app(
    gateway: ASGIApp,
    live: ASGIApp,
    pages: ASGIApp,
    exports: BaseRoute,
    socket_io: ASGIApp,
    more: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """The app that everybody reaches: the API, the WebSocket, Socket.IO, the exports, more routes, and the page."""
    site = Starlette(routes=[WebSocketRoute("/live", live), exports, *more, Mount("/", pages)])
    return UnderPath("/api", gateway, UnderPath(SOCKET_IO_PATH, socket_io, site))


def management_app(connections: Connections, prefix: str, services: Sequence[BaseRoute] = ()) -> Starlette:
    """The @connections calls and the other AWS services that the app calls, behind a path that only the app knows."""
    manage = Route("/@connections/{connection_id}", connections.manage, methods=["GET", "POST", "DELETE"])
    return Starlette(routes=[Mount(f"/{prefix}", routes=[manage, *services])])


class UnderPath:
    """Send a path and all below it to an app, also those that a Mount refuses: the path itself, or a line break."""

    def __init__(self, path: str, app: ASGIApp, elsewhere: ASGIApp) -> None:
        self._path = f"{path}/"
        self._app = app
        self._elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        app = self._app if f"{scope['path']}/".startswith(self._path) else self._elsewhere
        await app(scope, receive, send)


class ByPort:
    """Sends the requests of one port to one app, all others to another."""

    def __init__(self, port: int, app_of_port: ASGIApp, elsewhere: ASGIApp) -> None:
        self._port = port
        self._app_of_port = app_of_port
        self._elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        app = self._app_of_port if scope["server"][1] == self._port else self._elsewhere
        await app(scope, receive, send)


class Server(uvicorn.Server):
    """uvicorn that tells when it answers, with limits on the connections of strangers, and TLS on sockets of its own.

    Args:
        app: Answers.
        on_ready: Called once it does.
        front: The limits.
        secured: A socket for HTTPS and its TLS context; None for none.
    """

    def __init__(
        self,
        app: ASGIApp,
        on_ready: Callable[[], None],
        front: Front | None = None,
        secured: tuple[socket.socket, ssl.SSLContext] | None = None,
    ) -> None:
        self._secured = secured
        front = front or Front(HttpLimits(MOST_HTTP, MOST_PER_CLIENT))
        super().__init__(
            uvicorn.Config(
                app,
                http=front.http_protocol(),
                ws=front.websocket_protocol(),
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=ACCEPTED_AT_ONCE,
                ws_max_size=MAX_MESSAGE_BYTES,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        for listening in sockets or []:
            listening.listen(BACKLOG)  # uvicorn has shortened the queue
        if self._secured:
            self.servers.append(await self._listen_with_tls(*self._secured))
        self._on_ready()

    async def _listen_with_tls(self, listening: socket.socket, context: ssl.SSLContext) -> asyncio.Server:
        """Listen like uvicorn does, which has one TLS context for all its sockets or none."""

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn calls it
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        return await asyncio.get_running_loop().create_server(
            protocol, sock=listening, ssl=context, ssl_handshake_timeout=HANDSHAKE_SECONDS, backlog=BACKLOG
        )
