from __future__ import annotations

from pathlib import Path

from infra.local.emulator import template

CONTENT = """
Parameters:
  Stage: {Type: String, Default: dev}
  Name: {Type: String}
Resources:
  One:
    Type: A
    Properties: {Text: {"Fn::Sub": "${Stage}-${Name}-${AWS::Region}"}, Api: {Ref: RestAPI}, List: [{Ref: Stage}]}
  Two: {Type: B, Properties: {}}
"""


def test_parameters_are_filled_in_and_other_references_stay(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(CONTENT)

    (found,) = template.load({"Name": "x"}, path).of_type("A")

    assert found == {"Text": "dev-x-${AWS::Region}", "Api": "RestAPI", "List": ["dev"]}


def test_every_table_of_ours_carries_the_stage_and_a_name_that_stream_shards_allow() -> None:
    tables = template.load({"Stage": "local"}).of_type("AWS::DynamoDB::Table")

    assert tables
    for table in tables:
        assert table["TableName"].startswith("ghostwatt-local-")
        assert len(table["TableName"]) >= 11
