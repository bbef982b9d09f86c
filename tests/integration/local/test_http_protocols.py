"""What strangers do to the HTTP port: half requests, endless bodies, two lengths, refused WebSockets."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infra.local.emulator import gateway
from infra.local.emulator.connection_limits import HttpLimits
from infra.local.emulator.gateway import AnswerFirst
from infra.local.emulator.http_protocols import Front
from infra.local.emulator.trusted_proxies import OneFraming
from infra.local.runner.server import Server, listen

SHORT_SECONDS = 0.2
LONG_SECONDS = 60.0
Open = Callable[[bytes], socket.socket]


async def echo(request: Request) -> Response:
    """The length of the body, read whole."""
    return JSONResponse({"bytes": len(await request.body())})


async def at_once(_request: Request) -> Response:
    """An answer that does not wait for the body."""
    return PlainTextResponse("early")


async def refuse(socket: WebSocket) -> None:
    """A WebSocket that nobody may open."""
    await socket.send_denial_response(Response(status_code=401))


async def too_large(_request: Request) -> Response:
    """What the gateway does with a body that is too large."""
    return AnswerFirst(JSONResponse({"code": "too_large"}, 413))


APP = OneFraming(
    Starlette(
        routes=[
            Route("/echo", echo, methods=["GET", "POST"]),
            Route("/early", at_once, methods=["POST"]),
            Route("/large", too_large, methods=["POST"]),
            WebSocketRoute("/live", refuse),
        ]
    )
)


@contextmanager
def served(front: Front, app: ASGIApp = APP) -> Iterator[int]:
    listener, ready = listen("127.0.0.1", 0), threading.Event()
    port = listener.port
    server = Server(app, ready.set, front)
    thread = threading.Thread(target=server.run, args=([listener.socket],))
    thread.start()
    assert ready.wait(10)
    yield port
    server.should_exit = True
    thread.join()


@pytest.fixture
def opened() -> Iterator[Callable[..., Open]]:
    """Serve with these limits: gives what opens a connection and sends its first bytes."""
    with ExitStack() as ending:

        def start(most: int = 100, per_client: int = 100, seconds: float = LONG_SECONDS) -> Open:
            port = ending.enter_context(served(Front(HttpLimits(most, per_client), request_seconds=seconds)))

            def connection(first: bytes) -> socket.socket:
                made = ending.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
                made.sendall(first)
                return made

            return connection

        yield start


GET = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The next answer on a connection, and not a byte more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, f"it hung up after {head!r}"
        head += byte
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = connection.recv(int(length[1]), socket.MSG_WAITALL) if length else b""
    return int(head.split()[1]), body


def trickle(connection: socket.socket, part: bytes) -> None:
    """Send small parts until the server hangs up."""
    while True:
        connection.sendall(part)
        time.sleep(SHORT_SECONDS / 10)


def ended(connection: socket.socket) -> bool:
    """Whether the server has hung up; waits for that."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("half", [b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: y"])
def test_a_head_that_does_not_end_ends_its_connection(opened: Callable[..., Open], half: bytes) -> None:
    assert ended(opened(seconds=SHORT_SECONDS)(half))


def test_a_head_that_trickles_in_ends_its_connection(opened: Callable[..., Open]) -> None:
    connection = opened(seconds=SHORT_SECONDS)(b"GET /echo HTTP/1.1\r\n")
    with pytest.raises(ConnectionError):
        trickle(connection, b"X: y\r\n")


def test_a_second_head_is_timed_like_the_first(opened: Callable[..., Open]) -> None:
    connection = opened(seconds=SHORT_SECONDS)(GET)
    assert answer(connection)[0] == 200
    connection.sendall(GET[:-2])
    assert ended(connection)


def test_requests_that_are_whole_are_served_one_after_the_other(opened: Callable[..., Open]) -> None:
    connection = opened(seconds=SHORT_SECONDS)(GET + GET)
    for _ in range(2):
        assert answer(connection)[0] == 200
    connection.sendall(GET)
    assert answer(connection)[0] == 200


def test_a_body_whose_request_was_answered_may_not_come_for_ever(opened: Callable[..., Open]) -> None:
    connection = opened(seconds=SHORT_SECONDS)(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert answer(connection) == (200, b"early")
    with pytest.raises(ConnectionError):
        trickle(connection, b"x")


def test_half_requests_of_one_client_give_way_to_a_whole_one(opened: Callable[..., Open]) -> None:
    connection = opened(per_client=5)
    flood = [connection(b"GET / HTTP/1.1\r\n") for _ in range(20)]
    assert answer(connection(GET))[0] == 200
    assert all(ended(each) for each in flood[:15])


def test_a_connection_too_many_is_refused_in_our_shape(opened: Callable[..., Open]) -> None:
    connection = opened(most=2, per_client=2)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    busy = [connection(head) for _ in range(2)]
    assert [answer(each)[0] for each in busy] == [100, 100]
    refused = connection(b"")
    status, body = answer(refused)
    assert (status, json.loads(body)["code"]) == (503, "too_many_connections")
    assert ended(refused)
    busy[0].sendall(b"12345")
    assert answer(busy[0]) == (200, b'{"bytes":5}')
    assert answer(connection(GET))[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        b"POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
    ],
)
def test_a_request_with_two_lengths_is_refused_and_nothing_after_it_is_read(
    opened: Callable[..., Open], head: bytes
) -> None:
    connection = opened()(head + b"0\r\n\r\n" + GET)
    status, body = answer(connection)
    assert (status, json.loads(body)["code"]) == (400, "bad_request")
    assert ended(connection)


def test_a_body_in_chunks_is_a_body(opened: Callable[..., Open]) -> None:
    connection = opened()(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert answer(connection) == (200, b'{"bytes":3}')


@pytest.mark.parametrize("more", [b"Connection: close\r\n", b""])
def test_who_sends_too_much_reads_why(opened: Callable[..., Open], more: bytes) -> None:
    length = 2 * 1024 * 1024
    connection = opened()(b"POST /large HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (more, length))
    assert answer(connection) == (413, b'{"code":"too_large"}')
    connection.sendall(b"x" * length)  # it is thrown away, not cut off
    if more:
        assert ended(connection)
    else:
        connection.sendall(GET)
        assert answer(connection)[0] == 200


def test_what_comes_too_slowly_after_a_refusal_is_cut_off(
    opened: Callable[..., Open], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "DISCARD_SECONDS", 0.05)
    connection = opened(seconds=SHORT_SECONDS)(b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    assert answer(connection)[0] == 413
    assert ended(connection)


def test_strangers_leave_no_error_in_the_log(opened: Callable[..., Open], caplog: pytest.LogCaptureFixture) -> None:
    connection = opened()
    port = connection(b"").getpeername()[1]
    with caplog.at_level(logging.WARNING):
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{port}/live"):
            pytest.fail("it was let in")
        early = connection(b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert answer(early) == (200, b"early")
        early.sendall(b"no chunk\r\n")
        assert ended(early)
        assert requests.get(f"http://127.0.0.1:{port}/echo", timeout=60).status_code == 200
    assert refused.value.response.status_code == 401
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
