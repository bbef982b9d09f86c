"""Where data is moved from and to: the folder of a PC, whose stack is stopped, or a stage on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import get_session

from infra.local.database import tables as local_tables
from infra.local.database.server import Database, server_binary
from infra.local.emulator import checkpoints, template
from infra.local.emulator import clients as aws
from infra.local.runner import environment
from infra.local.runner.bootstrap import STREAMED_TABLE
from infra.local.runner.data_directory import locked


@dataclass(frozen=True, slots=True)
class Place:
    """A client of DynamoDB, and the stage that names the tables."""

    client: Any
    stage: str


@contextmanager
def folder(directory: Path) -> Iterator[Place]:
    """The data of a PC: its folder is held and its database runs until the end. Raises StackError while in use."""
    with locked(directory.resolve()) as held:
        database = Database(held, server_binary(), lambda: checkpoints.delivered(held, [STREAMED_TABLE]))
        try:
            database.start()
            database.wait_until_ready()
            client = aws.client("dynamodb", database.url)
            local_tables.ensure(client, template.load({"Stage": environment.STAGE}))
            yield Place(client, environment.STAGE)
        finally:
            database.stop()


@contextmanager
def stage(name: str) -> Iterator[Place]:
    """A stage on AWS, by the credentials and the region of whoever runs this."""
    yield Place(get_session().create_client("dynamodb"), name)
