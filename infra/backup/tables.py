"""The tables of a place: all their items read, items looked for by key, items put."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra.backup.errors import MoveError
from infra.backup.items import Item
from infra.local.database.tables import TABLE
from infra.local.emulator import template

STAYS = frozenset({"connections", "exports", "sessions", "throttles", "tickets"})
"""What belongs to the place and not to its data: who is logged in, open pages, counted attempts, files for a day."""
READINGS = "readings"
"""Moved last: its stream wakes the detector, which then finds all else in place."""
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


def moved(stage: str) -> list[Table]:
    """The tables of a stage that are moved, in the order in which they are put."""
    prefix = f"ghostwatt-{stage}-"
    found = [
        Table(
            definition["TableName"].removeprefix(prefix),
            definition["TableName"],
            tuple(part["AttributeName"] for part in definition["KeySchema"]),
        )
        for definition in template.load({"Stage": stage}).of_type(TABLE)
    ]
    return sorted((table for table in found if table.name not in STAYS), key=lambda table: table.name == READINGS)


def scan(client: Any, table: Table) -> Iterator[Item]:
    """All items, as they are at this moment."""
    for page in client.get_paginator("scan").paginate(TableName=table.full_name, ConsistentRead=True):
        yield from page["Items"]


def present(client: Any, table: Table, items: Iterable[Item]) -> int:
    """How many of these items' keys are in the table."""
    names = {f"#{number}": name for number, name in enumerate(table.key)}
    only_keys = {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names, "ConsistentRead": True}
    return sum(
        len(page)
        for some in _batches(items, KEYS_A_READ)
        for page in _read(client, table, {"Keys": [table.key_of(item) for item in some], **only_keys})
    )


def _read(client: Any, table: Table, asked: dict[str, Any]) -> Iterator[list[Item]]:
    left = {table.full_name: asked}
    for _ in _tries():
        answer = client.batch_get_item(RequestItems=left)
        yield answer["Responses"].get(table.full_name, [])
        left = answer.get("UnprocessedKeys") or {}
        if not left:
            return


def put(client: Any, table: Table, items: Iterable[Item]) -> int:
    """Put items, in place of those with the same keys; returns how many."""
    count = 0
    for some in _batches(items, ITEMS_A_WRITE):
        _write(client, {table.full_name: [{"PutRequest": {"Item": item}} for item in some]})
        count += len(some)
    return count


def _write(client: Any, left: dict[str, Any]) -> None:
    for _ in _tries():
        left = client.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
        if not left:
            return


def _tries() -> Iterator[int]:
    """Tries, with longer and longer pauses between them; raises MoveError when there were too many."""
    for number in range(MOST_TRIES):
        yield number
        time.sleep(FIRST_PAUSE_SECONDS * 2**number)
    raise MoveError("The database takes no more; try again with --replace.")


def _batches(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    coming = iter(items)
    while some := list(islice(coming, size)):
        yield some
