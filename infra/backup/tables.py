"""The tables of an endpoint: read all items, look items up by their keys, put items."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra.backup.archive import BackupError, Item
from infra.local.database.tables import TABLE
from infra.local.emulator import template

STAYS = frozenset({"connections", "exports", "sessions", "throttles", "tickets"})
"""Tables that are not backed up: sessions, open pages, counted attempts, files for a day."""
READINGS = "readings"
"""Put last: its stream wakes the detector, which then finds all other items."""
KEYS_A_READ, ITEMS_A_WRITE = 100, 25
"""DynamoDB's limits of a batch."""
MOST_TRIES = 10
FIRST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its name without the stage, and the names of its key's attributes."""

    name: str
    full_name: str
    key: tuple[str, ...]

    def key_of(self, item: Item) -> Item:
        """The key of an item."""
        return {name: item[name] for name in self.key}


def backed_up_tables(stage: str) -> list[Table]:
    """The tables of a stage that are backed up, in the order in which they are put."""
    prefix = f"ghostwatt-{stage}-"
    tables = [
        Table(
            definition["TableName"].removeprefix(prefix),
            definition["TableName"],
            tuple(part["AttributeName"] for part in definition["KeySchema"]),
        )
        for definition in template.load({"Stage": stage}).of_type(TABLE)
    ]
    return sorted((table for table in tables if table.name not in STAYS), key=lambda table: table.name == READINGS)


def scan(client: Any, table: Table) -> Iterator[Item]:
    """Read all items by a consistent scan."""
    for page in client.get_paginator("scan").paginate(TableName=table.full_name, ConsistentRead=True):
        yield from page["Items"]


def present(client: Any, table: Table, items: Iterable[Item]) -> int:
    """Count the items whose keys are in the table."""
    names = {f"#{number}": name for number, name in enumerate(table.key)}
    only_keys = {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names, "ConsistentRead": True}
    return sum(
        len(page)
        for batch in _batches(items, KEYS_A_READ)
        for page in _read(client, table, {"Keys": [table.key_of(item) for item in batch], **only_keys})
    )


def _read(client: Any, table: Table, request: dict[str, Any]) -> Iterator[list[Item]]:
    left = {table.full_name: request}
    for _ in _tries():
        answer = client.batch_get_item(RequestItems=left)
        yield answer["Responses"].get(table.full_name, [])
        left = answer.get("UnprocessedKeys") or {}
        if not left:
            return


def put(client: Any, table: Table, items: Iterable[Item]) -> int:
    """Put items, in place of those with the same keys; return their number."""
    count = 0
    for batch in _batches(items, ITEMS_A_WRITE):
        _write(client, {table.full_name: [{"PutRequest": {"Item": item}} for item in batch]})
        count += len(batch)
    return count


def _write(client: Any, left: dict[str, Any]) -> None:
    for _ in _tries():
        left = client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
        if not left:
            return


def _tries() -> Iterator[int]:
    """Number the attempts, and pause longer after each; raise BackupError after the last."""
    for number in range(MOST_TRIES):
        yield number
        time.sleep(FIRST_PAUSE_SECONDS * 2**number)
    raise BackupError("The database takes no more; try again with --replace.")


def _batches(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    coming = iter(items)
    while batch := list(islice(coming, size)):
        yield batch
