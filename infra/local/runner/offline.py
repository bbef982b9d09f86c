"""Run the database of a data folder without its stack, with the environment that the app's functions need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.database import tables
from infra.local.database.server import Database, server_binary
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.runner import environment
from infra.local.runner.data_directory import signing_secret


@contextmanager
def database(directory: Path) -> Iterator[Database]:
    """Run the database of a locked folder. There are no pages and no devices to push to."""
    running = Database(directory, server_binary())
    try:
        running.start()
        environment.put_in_place(
            environment.app_environment(
                public_url="http://localhost",
                database_url=running.url,
                live_endpoint="",
                iot_endpoint="",
                jwt_secret=signing_secret(directory),
            )
        )
        running.wait_until_ready()
        tables.ensure(create_client("dynamodb", running.url), template.load({"Stage": environment.STAGE}))
        yield running
    finally:
        running.stop()
