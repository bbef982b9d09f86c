"""On a PC, too, what is past its time goes while the stack runs, and only that."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from infra.local.database import tables
from infra.local.database.expiry import Expiry
from infra.local.database.server import Database
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.emulator.table_stream import TableStream
from infra.local.emulator.template import Template
from infra.local.runner.environment import STAGE

NOW = 1_800_000_000
READINGS = f"ghostwatt-{STAGE}-readings"
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def definitions() -> Template:
    return template.load({"Stage": STAGE})


@pytest.fixture
def client(own_database: Database, definitions: Template) -> Any:
    made = create_client("dynamodb", own_database.url)
    tables.ensure(made, definitions)
    return made


@pytest.fixture
def expiry(client: Any, own_database: Database) -> Expiry:
    return Expiry(client, own_database.path, dict)


def with_time_to_live(definitions: Template) -> Iterator[tuple[str, str, list[str]]]:
    """Each table that the template gives a time to live: its name, that attribute, and the names of its key."""
    for definition in definitions.of_type(tables.TABLE):
        if lives := definition.get("TimeToLiveSpecification"):
            key = [part["AttributeName"] for part in definition["KeySchema"]]
            yield definition["TableName"], lives["AttributeName"], key


def put(client: Any, definitions: Template, table: str, name: str, expires_at: int | None) -> None:
    """An item with all attributes that are keys of the table or of its indexes."""
    (definition,) = (one for one in definitions.of_type(tables.TABLE) if one["TableName"] == table)
    kinds = {part["AttributeName"]: part["AttributeType"] for part in definition["AttributeDefinitions"]}
    item = {attribute: {kind: name if kind == "S" else str(hash(name) % 1_000)} for attribute, kind in kinds.items()}
    lives = {} if expires_at is None else {"expires_at": {"N": str(expires_at)}}
    client.put_item(TableName=table, Item=item | lives)


def count(client: Any, table: str) -> int:
    return int(client.scan(TableName=table, Select="COUNT")["Count"])


def test_in_every_table_with_a_time_to_live_what_is_past_it_goes_and_all_else_stays(
    client: Any, definitions: Template, expiry: Expiry
) -> None:
    names = [table for table, _, _ in with_time_to_live(definitions)]
    for table in tables.names(definitions):
        put(client, definitions, table, "past", NOW - 1)
        put(client, definitions, table, "to come", NOW)
        put(client, definitions, table, "for ever", None)

    assert expiry.run(NOW) == len(names) >= 8
    assert expiry.run(NOW) == 0

    left = {table: count(client, table) for table in tables.names(definitions)}
    assert left == {table: 2 if table in names else 3 for table in left}


def test_it_goes_from_the_indexes_too(client: Any, definitions: Template, expiry: Expiry) -> None:
    table = f"ghostwatt-{STAGE}-sessions"
    put(client, definitions, table, "past", NOW - 1)

    expiry.run(NOW)

    assert client.scan(TableName=table, IndexName="by_user", Select="COUNT")["Count"] == 0


def test_what_was_given_more_time_meanwhile_stays(
    client: Any, definitions: Template, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"ghostwatt-{STAGE}-sessions"
    put(client, definitions, table, "used again", NOW - 1)
    expiry = Expiry(client, own_database.path, dict)
    delete = client.delete_item

    def used_again_first(**asked: Any) -> Any:
        put(client, definitions, table, "used again", NOW + 900)
        return delete(**asked)

    monkeypatch.setattr(client, "delete_item", used_again_first)

    assert expiry.run(NOW) == 0
    assert count(client, table) == 1


def test_a_run_is_bounded_and_the_next_goes_on(
    client: Any, definitions: Template, expiry: Expiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.database.expiry.MOST_ITEMS", 3)
    for number in range(5):
        put(client, definitions, READINGS, f"chunk {number}", NOW - number - 1)

    assert [expiry.run(NOW) for _ in range(3)] == [3, 2, 0]


def test_what_is_past_its_time_is_found_by_an_index(
    client: Any, definitions: Template, expiry: Expiry, own_database: Database
) -> None:
    with closing(sqlite3.connect(own_database.path)) as connection:
        for table, attribute, _ in with_time_to_live(definitions):
            expires_at = f"CAST(json_extract(item_json, '$.\"{attribute}\".N') AS INTEGER)"
            query = f'EXPLAIN QUERY PLAN SELECT item_json FROM "{table}" WHERE {expires_at} < 5 ORDER BY {expires_at}'  # noqa: S608 - the template's own names
            (plan,) = connection.execute(query).fetchall()
            assert f"ghostwatt_expiry_{table}" in plan[3]


def test_delivered_stream_records_go_after_a_day_while_the_stack_runs(
    client: Any, definitions: Template, own_database: Database
) -> None:
    for number in range(4):
        put(client, definitions, READINGS, f"chunk {number}", None)
    delivered = {READINGS: 3}
    expiry = Expiry(client, own_database.path, lambda: delivered)
    with closing(sqlite3.connect(own_database.path)) as connection:
        ((stored_at,),) = connection.execute("SELECT MAX(created_at) FROM _stream_records")

    assert expiry.run(stored_at + DAY_SECONDS - 1) == 0
    assert expiry.run(stored_at + DAY_SECONDS + 1) == 3
    delivered[READINGS] = 4
    put(client, definitions, READINGS, "chunk 4", None)

    stream = TableStream(own_database.url, READINGS)
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in stream.read(None, 10)]
    assert numbers == [4, 5], "the server counts on"


def test_writes_go_on_while_it_deletes(client: Any, definitions: Template, own_database: Database) -> None:
    for number in range(60):
        put(client, definitions, READINGS, f"old {number}", NOW - 1)
    expiry = Expiry(client, own_database.path, lambda: {READINGS: 60})
    deleting = threading.Thread(target=expiry.run, args=(NOW + 10 * DAY_SECONDS,))

    deleting.start()
    for number in range(60):
        put(client, definitions, READINGS, f"new {number}", None)
    deleting.join()

    assert count(client, READINGS) == 60


def test_an_outage_is_waited_out(client: Any, expiry: Expiry, own_database: Database, definitions: Template) -> None:
    put(client, definitions, READINGS, "old", NOW - 1)
    own_database.stop()

    assert expiry.run(NOW) == 0
