"""The stream of readings, handed on at the test's own word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.entrypoints.stream import examine
from infra.local.emulator.table_stream import TableStream
from tests.conftest import Call

Deliver = Callable[..., int]


@pytest.fixture(scope="session")
def deliver(database: str, call: Call) -> Deliver:
    """Hand all new records of the stream to the handler; deliver(again=True) hands on all that were ever stored."""
    position: list[str | None] = [None]

    def hand_on(*, again: bool = False) -> int:
        stream = TableStream(database, "ghostwatt-local-readings")
        after, count = (None if again else position[0]), 0
        while records := stream.read(after, 100):
            assert examine({"Records": records}, None) == {"batchItemFailures": []}
            after, count = str(records[-1]["dynamodb"]["SequenceNumber"]), count + len(records)
        position[0] = after or position[0]
        return count

    return hand_on
