"""The template's tables and the models that use them are the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.dynamo import Item
from infra.local.emulator import template

ROOT = Path(__file__).resolve().parents[2]
STAGE = "local"


def models() -> dict[str, type[Item]]:
    for path in (ROOT / "chalicelib").glob("*/*store.py"):
        importlib.import_module(f"chalicelib.{path.parent.name}.{path.stem}")
    return {model.Meta.table_name: model for model in Item.__subclasses__()}


def tables() -> dict[str, dict[str, Any]]:
    return {table["TableName"]: table for table in template.load({"Stage": STAGE}).of_type("AWS::DynamoDB::Table")}


def keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return sorted((key["AttributeName"], key["KeyType"]) for key in schema)


def test_each_model_has_its_table_and_each_table_its_model() -> None:
    assert set(models()) == set(tables())


@pytest.mark.parametrize("name", sorted(models()))
def test_keys_and_indexes_are_the_same(name: str) -> None:
    schema: Any = models()[name]._get_schema()  # noqa: SLF001 - there is no public way to ask PynamoDB
    table = tables()[name]
    assert keys(schema["key_schema"]) == keys(table["KeySchema"])
    wanted = {(entry["AttributeName"], entry["AttributeType"]) for entry in table["AttributeDefinitions"]}
    have = {(entry["AttributeName"], entry["AttributeType"]) for entry in schema["attribute_definitions"]}
    assert have == wanted
    for ours, theirs in (
        ("global_secondary_indexes", "GlobalSecondaryIndexes"),
        ("local_secondary_indexes", "LocalSecondaryIndexes"),
    ):
        made = {index["index_name"]: keys(index["key_schema"]) for index in schema[ours]}
        defined = {index["IndexName"]: keys(index["KeySchema"]) for index in table.get(theirs, [])}
        assert made == defined


@pytest.mark.parametrize("name", sorted(tables()))
def test_every_table_can_be_restored_and_what_expires_says_when(name: str) -> None:
    table = tables()[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    expires = "expires_at" in models()[name].get_attributes()
    assert expires == (table.get("TimeToLiveSpecification") == {"AttributeName": "expires_at", "Enabled": True})
