"""uvicorn's HTTP and WebSocket protocols with limits: on connections, and on the time in which a client must go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from infra.local.emulator.connection_limits import Connection, HttpLimits

REQUEST_SECONDS = 10.0
"""How long a request's head may take, and what is left of a body whose request was answered already."""
STALLED_SECONDS = 60.0
"""How long a client may take nothing of an answer that is ready for it."""
BUSY = "This server has too many connections; try again soon."
INVALID = "This is no valid HTTP request."


@dataclass(slots=True)
class Front:
    """What all connections of the server share: limits, the headers of refusals, and whose transport is whose.

    Attributes:
        limits: Of all ports that have none of their own.
        limits_of_port: By port.
        headers: Security headers of what is refused here, before any app sees it.
    """

    limits: HttpLimits
    limits_of_port: Mapping[int, HttpLimits] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    request_seconds: float = REQUEST_SECONDS
    stalled_seconds: float = STALLED_SECONDS
    _admitted: dict[asyncio.BaseTransport, tuple[HttpLimits, Connection]] = field(default_factory=dict)

    def admit(self, transport: asyncio.Transport) -> bool:
        """Count a new connection; False when it is refused."""
        limits = self.limits_of_port.get(_address(transport, "sockname")[1], self.limits)
        connection = limits.admit(_address(transport, "peername")[0], transport.abort)
        if connection is None:
            return False
        self._admitted[transport] = (limits, connection)
        return True

    def set_idle(self, transport: asyncio.BaseTransport, *, idle: bool) -> None:
        """Note whether a connection waits for its client."""
        if transport in self._admitted:
            self._admitted[transport][1].idle = idle

    def release(self, transport: asyncio.BaseTransport) -> None:
        """A connection has ended."""
        limits, connection = self._admitted.pop(transport, (None, None))
        if limits is not None and connection is not None:
            limits.release(connection)

    def refusal(self, status: HTTPStatus, code: str, message: str, retry_after: str = "") -> bytes:
        """A whole answer that ends its connection, in the shape of the API's errors."""
        body = json.dumps({"success": False, "error": message, "code": code}).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        headers |= {"Retry-After": retry_after} if retry_after else {}
        lines = (f"{name}: {value}" for name, value in {**self.headers, **headers}.items())
        return "\r\n".join([f"HTTP/1.1 {status} {status.phrase}", *lines, "", ""]).encode("latin-1") + body

    def http_protocol(self) -> type[H11Protocol]:
        """The class of its HTTP connections, as uvicorn wants it."""
        return type("FrontHttp", (HttpProtocol,), {"front": self})

    def websocket_protocol(self) -> type[WebSocketsSansIOProtocol]:
        """The class of its WebSockets."""
        return type("FrontWebSocket", (WebSocketProtocol,), {"front": self})


class HttpProtocol(H11Protocol):
    """One HTTP connection, closed when its client does not go on.

    uvicorn times only the pause between two requests. Here one deadline runs whenever the client is due: while a head
    is incomplete, and while a body still comes whose request was answered. Bytes do not prolong it.
    """

    front: Front

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count it, or refuse it."""
        super().connection_made(transport)
        if not self.front.admit(transport):
            transport.write(self.front.refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", BUSY, "5"))
            transport.close()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._cancel()
        self.resume_writing()
        self.front.release(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What the client sent."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """An answer is out: what comes next is the client's turn."""
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over to the WebSocket protocol, which releases the connection in the end."""
        self._upgraded = True
        self._cancel()
        self.front.set_idle(self.transport, idle=False)
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own sentence
        """Refuse what is no HTTP, in our own shape; not where an answer has begun."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(self.front.refusal(HTTPStatus.BAD_REQUEST, "bad_request", INVALID))
        self.transport.close()

    def pause_writing(self) -> None:
        """The client takes nothing more for now."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.front.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It goes on."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _watch(self) -> None:
        """Start the deadline when the client is due, and end it when it is not."""
        if self._upgraded:
            return
        answered = self.cycle is None or self.cycle.response_complete
        self.front.set_idle(self.transport, idle=answered)
        pauses = self.timeout_keep_alive_task is not None and self.conn.their_state is h11.IDLE
        if not answered or pauses or self.transport.is_closing():
            self._cancel()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.front.request_seconds, self.transport.abort)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket, counted until it ends."""

    front: Front

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self.front.release(self.transport)
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """Send on; a handshake that was refused with an answer is complete, which uvicorn forgets to note."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True


def _address(transport: asyncio.BaseTransport, name: str) -> tuple[str, int]:
    address = transport.get_extra_info(name)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else ("", 0)
