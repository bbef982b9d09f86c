"""The two endpoints of a backup: the folder of a PC whose stack is stopped, or a stage on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import get_session

from infra.local.database import tables
from infra.local.database.server import Database, server_binary
from infra.local.emulator import checkpoints, template
from infra.local.emulator.clients import create_client
from infra.local.runner import environment
from infra.local.runner.bootstrap import STREAMED_TABLE
from infra.local.runner.data_directory import locked


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A client of DynamoDB, and the stage that names the tables."""

    client: Any
    stage: str


@contextmanager
def open_folder(directory: Path) -> Iterator[Endpoint]:
    """Lock the folder of a PC and run its database meanwhile. Raises StackError while a stack uses it."""
    with locked(directory.resolve()) as held:
        database = Database(held, server_binary(), lambda: checkpoints.delivered(held, [STREAMED_TABLE]))
        try:
            database.start()
            database.wait_until_ready()
            client = create_client("dynamodb", database.url)
            tables.ensure(client, template.load({"Stage": environment.STAGE}))
            yield Endpoint(client, environment.STAGE)
        finally:
            database.stop()


@contextmanager
def open_stage(name: str) -> Iterator[Endpoint]:
    """Use a stage on AWS, with the credentials and the region of this shell."""
    yield Endpoint(get_session().create_client("dynamodb"), name)
