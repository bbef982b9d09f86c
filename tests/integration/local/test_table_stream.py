from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chalice.app import DynamoDBEvent

from infra.local.database.server import Database, server_binary
from infra.local.emulator.clients import create_client
from infra.local.emulator.event_source_poller import Record, SourceUnavailable
from infra.local.emulator.table_stream import TableStream

TABLE = "ghostwatt-test-readings"


@pytest.fixture
def client(own_database: Database) -> Any:
    made = create_client("dynamodb", own_database.url)
    made.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return made


@pytest.fixture
def stream(client: Any, own_database: Database) -> TableStream:
    return opened(own_database)


def opened(database: Database) -> TableStream:
    return TableStream(database.url, TABLE)


def put(client: Any, *names: str) -> None:
    for name in names:
        client.put_item(TableName=TABLE, Item={"k": {"S": name}})


def keys(records: list[Record]) -> list[str]:
    return [record["dynamodb"]["Keys"]["k"]["S"] for record in records]


def last(records: list[Record]) -> str:
    return str(records[-1]["dynamodb"]["SequenceNumber"])


def test_a_record_has_the_shape_that_lambda_gives_it(client: Any, stream: TableStream) -> None:
    packed = {"B": b"\x00\xff"}
    nested = {"M": {"list": {"L": [{"B": b"abc"}, {"N": "1"}]}, "set": {"BS": [b"1"]}}}
    client.put_item(TableName=TABLE, Item={"k": {"S": "x"}, "packed": packed, "nested": nested})

    (record,) = stream.read(None, 100)

    assert json.loads(json.dumps(record)) == record
    image = record["dynamodb"]["NewImage"]
    assert image["packed"] == {"B": "AP8="}
    assert image["nested"] == {"M": {"list": {"L": [{"B": "YWJj"}, {"N": "1"}]}, "set": {"BS": ["MQ=="]}}}
    assert record["eventName"] == "INSERT"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["awsRegion"] == "us-east-1"
    assert record["dynamodb"]["StreamViewType"] == "NEW_IMAGE"
    (understood,) = DynamoDBEvent({"Records": [record]}, {})
    assert understood.table_name == TABLE


def test_reading_goes_on_after_a_position(client: Any, own_database: Database, stream: TableStream) -> None:
    put(client, "a", "b", "c")
    first = stream.read(None, 2)

    assert keys(first) == ["a", "b"]
    assert keys(stream.read(last(first), 100)) == ["c"]
    assert keys(opened(own_database).read(last(first), 100)) == ["c"], "another reader, as after a restart"


def test_reading_again_from_an_older_position_gives_the_same_again(client: Any, stream: TableStream) -> None:
    put(client, "a", "b", "c")
    position = last(stream.read(None, 1))
    first = stream.read(position, 100)

    assert keys(first) == keys(stream.read(position, 100)) == ["b", "c"]


def test_an_empty_stream_gives_nothing_until_something_is_written(client: Any, stream: TableStream) -> None:
    assert stream.read(None, 100) == []
    assert stream.read(None, 100) == []
    put(client, "a")
    assert keys(stream.read(None, 100)) == ["a"]


def test_a_table_made_anew_is_another_stream(client: Any, own_database: Database, stream: TableStream) -> None:
    before = stream.id
    client.delete_table(TableName=TABLE)
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )

    assert opened(own_database).id != before


def test_a_database_that_is_down_is_told_as_such_and_the_next_one_goes_on_at_the_position(
    client: Any, own_database: Database, stream: TableStream, tmp_path: Path
) -> None:
    put(client, "a", "b")
    position = last(stream.read(None, 1))
    own_database.stop()
    with pytest.raises(SourceUnavailable):
        stream.read(position, 100)

    again = Database(tmp_path, server_binary())
    again.start()
    try:
        again.wait_until_ready()
        assert keys(opened(again).read(position, 100)) == ["b"]
    finally:
        again.stop()
