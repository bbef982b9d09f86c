"""The narrator of the demo over a real WebSocket, with a process in the place of the Pi."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from infra.local.demo.api_client import AccountClient, Json
from infra.local.demo.narrator import Narrator


class QuietHome(AccountClient):
    """A home where nothing happens."""

    def __init__(self, port: int, on_connected: Callable[[], None]) -> None:
        super().__init__("", "", "")
        self._port = port
        self._on_connected = on_connected

    def live(self) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self._port}")

    def ports(self) -> list[Json]:
        self._on_connected()
        return []

    def events(self) -> list[Json]:
        return []


def say_nothing(connection: ServerConnection) -> None:
    connection.recv()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(say_nothing, "127.0.0.1", 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_pi_that_ends_ends_the_demo_though_nothing_is_pushed(server: Server) -> None:
    port = server.socket.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as pi:
        assert pi.stdin
        pi.stdin.write("\n")
        narrator = Narrator(QuietHome(port, pi.stdin.close))
        with pytest.raises(RuntimeError, match="Pi"):
            narrator.follow(pi)
