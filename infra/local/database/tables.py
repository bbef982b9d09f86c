"""The tables of the CloudFormation template, made in the local database."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from infra.local.emulator.template import Template

TABLE = "AWS::DynamoDB::Table"
ACTIVE_SECONDS = 30.0
_CREATE = (
    "TableName",
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
)
"""The properties that CloudFormation and CreateTable spell alike; backups and encryption are for AWS."""


def ensure(client: Any, template: Template) -> None:
    """Make the missing tables; add the indexes, streams and times to live that the template has gained since."""
    present = _present(client)
    for definition in template.of_type(TABLE):
        if definition["TableName"] in present:
            _update(client, definition)
        else:
            _create(client, definition)
        _set_time_to_live(client, definition)


def names(template: Template) -> list[str]:
    """The names of all tables."""
    return [definition["TableName"] for definition in template.of_type(TABLE)]


def _present(client: Any) -> set[str]:
    pages: Iterable[dict[str, Any]] = client.get_paginator("list_tables").paginate()
    return {name for page in pages for name in page["TableNames"]}


def _create(client: Any, definition: dict[str, Any]) -> None:
    properties = {name: definition[name] for name in _CREATE if name in definition}
    client.create_table(**properties, **_stream(definition))
    _wait_until_active(client, definition["TableName"])


def _update(client: Any, definition: dict[str, Any]) -> None:
    """One change a call, as DynamoDB demands."""
    name = definition["TableName"]
    table = client.describe_table(TableName=name)["Table"]
    if _stream(definition) and not table.get("StreamSpecification", {}).get("StreamEnabled"):
        client.update_table(TableName=name, **_stream(definition))
    indexes = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
    for index in definition.get("GlobalSecondaryIndexes", []):
        if index["IndexName"] not in indexes:
            client.update_table(
                TableName=name,
                AttributeDefinitions=definition["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )
            _wait_until_active(client, name)


def _stream(definition: dict[str, Any]) -> dict[str, Any]:
    if "StreamSpecification" not in definition:
        return {}
    return {"StreamSpecification": {"StreamEnabled": True, **definition["StreamSpecification"]}}


def _set_time_to_live(client: Any, definition: dict[str, Any]) -> None:
    properties = definition.get("TimeToLiveSpecification")
    if properties is None:
        return
    name = definition["TableName"]
    if client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=properties)


def _wait_until_active(client: Any, name: str) -> None:
    deadline = time.monotonic() + ACTIVE_SECONDS
    while client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise TimeoutError(f"table {name} does not become active")
        time.sleep(0.05)
