"""Where the bench measures: a database of its own, and the real Chalice entry called in this process."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalice.app import Chalice
from starlette.requests import Request

from chalicelib.core.settings import settings
from infra.local.database import tables
from infra.local.database.server import Database, server_binary
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.proxy_event import proxy_event
from infra.local.emulator.route_matching import Routes
from infra.local.emulator.table_stream import TableStream
from infra.local.runner.environment import STAGE, app_environment, put_in_place
from tests.conftest import Answered

NO_PAGES = "http://127.0.0.1:9"
"""A management API that nobody calls, since no page is open; that there is one makes the app look for open pages."""


@contextmanager
def own_database(directory: Path) -> Iterator[str]:
    """A database server with all tables; the app's environment points to it. Gives its URL."""
    server = Database(directory, server_binary())
    server.start()
    try:
        server.wait_until_ready()
        put_in_place(
            app_environment(
                public_url="http://localhost:8000",
                database_url=server.url,
                live_endpoint=NO_PAGES,
                iot_endpoint="",
                jwt_secret=secrets.token_hex(32),
            )
            | {"LIMITS": "off"}
            | {"UPLOAD_SECONDS": "60"}  # as on AWS: a quicker pace while somebody looks has to be looked up
        )
        settings.cache_clear()
        tables.ensure(create_client("dynamodb", server.url), template.load({"Stage": STAGE}))
        yield server.url
    finally:
        server.stop()


class Entry:
    """The app's REST entry, called as Lambda calls it."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        self._routes = Routes(app.routes)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        """Call a route; takes what the tests' own callers of HTTP take."""
        return answered(self.ready(method, path, body, **headers)())

    def ready(self, method: str, path: str, body: Any = None, **headers: str) -> Callable[[], dict[str, Any]]:
        """A call with its event made already, so that only the app's own work is left to measure."""
        event = self._event(method, path, b"" if body is None else json.dumps(body).encode(), headers)
        return partial(self._app, event, LambdaContext("api"))

    def _event(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        url = urlsplit(path)
        named = {"content-type": "application/json", **{key.replace("_", "-"): text for key, text in headers.items()}}
        request = Request(
            {
                "type": "http",
                "http_version": "1.1",
                "method": method,
                "path": url.path,
                "query_string": url.query.encode(),
                "headers": [(name.lower().encode(), text.encode()) for name, text in named.items()],
                "server": ("localhost", 8000),
                "client": ("192.0.2.1", 40_000),
                "scheme": "http",
            }
        )
        match = self._routes.match(url.path)
        if match is None:
            raise LookupError(f"there is no route {path}")
        return proxy_event(request, match, url.path, body, [])


def answered(result: Mapping[str, Any]) -> Answered:
    """The answer that API Gateway would make of the entry's result."""
    return Answered(result["statusCode"], json.loads(result["body"]), result["headers"])


class Records:
    """The stream of readings, read on from where it stands."""

    def __init__(self, database_url: str) -> None:
        self._stream = TableStream(database_url, f"ghostwatt-{STAGE}-readings")
        self._position: str | None = None

    def new(self) -> list[Mapping[str, Any]]:
        """All records since the last look."""
        found: list[Mapping[str, Any]] = []
        while records := self._stream.read(self._position, 1_000):
            found += records
            self._position = str(records[-1]["dynamodb"]["SequenceNumber"])
        return found
