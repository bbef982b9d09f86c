from __future__ import annotations

import http.client
import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from infra.local.errors import StackError
from infra.local.runner.server import listen
from tests.integration.local.conftest import Serve


def test_a_taken_port_is_refused_with_its_number() -> None:
    taken = listen("127.0.0.1", 0)
    with taken.socket, pytest.raises(StackError, match=f"port {taken.port}"):
        listen("127.0.0.1", taken.port)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(StackError, match=r"192\.0\.2\.77"):
        listen("192.0.2.77", 0)


def other_end(address: tuple[str, int]) -> socket.socket:
    """This process's own socket that is connected to an address; the caller closes it."""
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            if not stat.S_ISSOCK(os.fstat(int(descriptor.name)).st_mode):
                continue
            candidate = socket.socket(fileno=os.dup(int(descriptor.name)))
        except OSError:  # closed meanwhile
            continue
        try:
            if candidate.getpeername() == address:
                return candidate
        except OSError:  # not connected
            pass
        candidate.close()
    raise AssertionError(f"no socket is connected to {address}")


def test_looking_for_an_other_end_keeps_nothing_open() -> None:
    # Else a program that ends when its input does, such as Playwright's, would be waited for without end.
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with pytest.raises(AssertionError, match="no socket"):
        other_end(("127.0.0.1", 0))
    os.close(writer)
    assert os.read(reader, 1) == b"", "the pipe has ended"
    os.close(reader)


def test_answers_on_an_open_connection_do_not_wait_for_acknowledgements(serve: Serve) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", serve(PlainTextResponse("hello")), timeout=60)) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
        with other_end(connection.sock.getsockname()) as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "Nagle's algorithm is off"
