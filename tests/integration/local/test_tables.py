from __future__ import annotations

from typing import Any

import pytest

from infra.local.database import tables
from infra.local.database.server import Database
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.emulator.template import Template

DEFINITIONS = template.load({"Stage": "local"})


@pytest.fixture
def client(own_database: Database) -> Any:
    return create_client("dynamodb", own_database.url)


def shape(described: dict[str, Any]) -> tuple[Any, ...]:
    """What a table and its definition have in common, in a form that can be compared."""

    def indexes(kind: str) -> list[tuple[str, str, str]]:
        given = described.get(kind, [])
        return sorted((index["IndexName"], str(index["KeySchema"]), str(index["Projection"])) for index in given)

    view = described.get("StreamSpecification", {}).get("StreamViewType")
    return described["KeySchema"], indexes("GlobalSecondaryIndexes"), indexes("LocalSecondaryIndexes"), view


def test_every_table_is_made_as_the_template_defines_it(client: Any) -> None:
    tables.ensure(client, DEFINITIONS)

    for definition in DEFINITIONS.of_type(tables.TABLE):
        name = definition["TableName"]
        assert shape(client.describe_table(TableName=name)["Table"]) == shape(definition)
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        wanted = definition.get("TimeToLiveSpecification", {}).get("AttributeName")
        assert ttl.get("AttributeName") == wanted


def test_making_them_again_changes_nothing(client: Any) -> None:
    tables.ensure(client, DEFINITIONS)
    stream = client.describe_table(TableName="ghostwatt-local-readings")["Table"]["LatestStreamArn"]

    tables.ensure(client, DEFINITIONS)

    assert client.describe_table(TableName="ghostwatt-local-readings")["Table"]["LatestStreamArn"] == stream


def test_a_table_of_an_older_version_gains_index_stream_and_time_to_live_and_keeps_its_items(client: Any) -> None:
    key = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    old = {
        "TableName": "ghostwatt-test-old",
        **key,
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    }
    new = {
        **old,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("k", "owner")],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by_owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }
    tables.ensure(client, Template({"T": {"Type": tables.TABLE, "Properties": old}}, {}))
    client.put_item(TableName="ghostwatt-test-old", Item={"k": {"S": "1"}, "owner": {"S": "me"}})

    tables.ensure(client, Template({"T": {"Type": tables.TABLE, "Properties": new}}, {}))

    assert shape(client.describe_table(TableName="ghostwatt-test-old")["Table"]) == shape(new)
    found = client.query(
        TableName="ghostwatt-test-old",
        IndexName="by_owner",
        KeyConditionExpression="#o = :o",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":o": {"S": "me"}},
    )
    assert found["Count"] == 1
