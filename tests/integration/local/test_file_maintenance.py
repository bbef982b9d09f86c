from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.local.database.file_maintenance import AT_ONCE, STREAM_RETENTION_SECONDS, maintain_file, prune_stream_records
from infra.local.database.server import Database, server_binary
from infra.local.emulator.clients import create_client
from infra.local.emulator.table_stream import TableStream
from tests.conftest import eventually

TABLE = "ghostwatt-test-readings"


@pytest.fixture
def stopped(own_database: Database) -> Path:
    """The file of a database that has six records in its stream, all of them old, and is down."""
    client = create_client("dynamodb", own_database.url)
    make_table(client)
    put(client, range(6))
    own_database.stop()
    set_age(own_database.path, STREAM_RETENTION_SECONDS + 9)
    return own_database.path


def make_table(client: Any) -> None:
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )


def put(client: Any, numbers: Iterable[int]) -> None:
    for number in numbers:
        client.put_item(TableName=TABLE, Item={"k": {"S": str(number)}})


def execute(path: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def set_age(path: Path, seconds: int) -> None:
    execute(path, "UPDATE _stream_records SET created_at = ?", int(time.time()) - seconds)


def sequence_numbers(path: Path) -> list[int]:
    return [int(number) for (number,) in execute(path, "SELECT sequence_number FROM _stream_records ORDER BY id")]


def test_old_records_that_were_delivered_are_dropped(stopped: Path) -> None:
    maintain_file(stopped, {TABLE: 4})

    assert sequence_numbers(stopped) == [5, 6]


def test_the_newest_record_stays_although_it_is_old_and_delivered(stopped: Path) -> None:
    maintain_file(stopped, {TABLE: 6})

    assert sequence_numbers(stopped) == [6]


def test_what_was_never_delivered_stays_however_old(stopped: Path) -> None:
    maintain_file(stopped, {})

    assert sequence_numbers(stopped) == [1, 2, 3, 4, 5, 6]


def test_young_records_stay(stopped: Path) -> None:
    set_age(stopped, 0)

    maintain_file(stopped, {TABLE: 6})

    assert sequence_numbers(stopped) == [1, 2, 3, 4, 5, 6]


def test_the_search_for_the_highest_sequence_number_uses_an_index(stopped: Path) -> None:
    maintain_file(stopped, {})

    plan = execute(
        stopped,
        "EXPLAIN QUERY PLAN SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?",
        TABLE,
    )
    assert "ghostwatt_stream_sequence" in str(plan)


def test_the_server_counts_on_after_the_maintenance(stopped: Path, tmp_path: Path) -> None:
    again = Database(tmp_path, server_binary(), lambda: {TABLE: 6})
    again.start()
    try:
        again.wait_until_ready()
        put(create_client("dynamodb", again.url), [7])
        eventually(lambda: sequence_numbers(stopped) == [6, 7], "the next record follows the newest old one")
    finally:
        again.stop()


def test_the_newest_record_stays_without_what_it_held_and_harms_no_reader(stopped: Path, tmp_path: Path) -> None:
    maintain_file(stopped, {TABLE: 6})

    assert execute(stopped, "SELECT keys_json, new_image, old_image FROM _stream_records") == [("{}", None, None)]
    again = Database(tmp_path, server_binary(), lambda: {TABLE: 6})
    again.start()
    try:
        again.wait_until_ready()
        (record,) = TableStream(again.url, TABLE).read(None, 10)
        assert record["eventName"] == "REMOVE", "a handler passes it over"
    finally:
        again.stop()


def test_what_is_newest_but_young_or_never_delivered_keeps_what_it_holds(stopped: Path) -> None:
    maintain_file(stopped, {TABLE: 5})
    set_age(stopped, 0)
    maintain_file(stopped, {TABLE: 6})

    assert execute(stopped, "SELECT keys_json FROM _stream_records") == [('{"k":{"S":"5"}}',)]


def test_one_step_of_pruning_is_bounded(stopped: Path) -> None:
    execute(
        stopped,
        "WITH RECURSIVE n(i) AS (SELECT 7 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)"
        " INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)"
        " SELECT ?1, 'INSERT', '{}', i, 's', 0 FROM n",
        TABLE,
        AT_ONCE + 20,
    )
    with closing(sqlite3.connect(stopped)) as connection:
        steps = [prune_stream_records(connection, {TABLE: AT_ONCE + 20}, time.time()) for _ in range(3)]

    assert steps == [AT_ONCE, 19, 0]
