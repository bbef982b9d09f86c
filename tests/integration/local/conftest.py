"""A real server around whatever ASGI app a test makes, and a real database around an empty directory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from infra.local.database.server import LOOPBACK, Database, server_binary
from infra.local.runner.server import Server, listen

Serve = Callable[[ASGIApp], int]
STARTS_AND_ENDS_WITHIN_SECONDS = 60
"""On any machine; it takes a moment."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve an app until the test ends: serve(app) gives the port."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(_served(app))


@contextmanager
def _served(app: ASGIApp) -> Iterator[int]:
    listener, ready = listen(LOOPBACK, 0), threading.Event()
    port = listener.port
    server = Server(app, ready.set)
    thread = threading.Thread(target=server.run, args=([listener.socket],), daemon=True)
    thread.start()
    assert ready.wait(STARTS_AND_ENDS_WITHIN_SECONDS), "the server does not start"
    yield port
    server.should_exit = True
    thread.join(STARTS_AND_ENDS_WITHIN_SECONDS)
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[Database]:
    """A database server of the test's own, in tmp_path."""
    database = Database(tmp_path, server_binary())
    database.start()
    database.wait_until_ready()
    yield database
    database.stop()
