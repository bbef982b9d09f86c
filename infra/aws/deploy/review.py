"""A change set, looked at before it is carried out: what it does, and whether it would take a table away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TABLE = "AWS::DynamoDB::Table"
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
REPLACED = {"True": ", replaced by a new one", "Conditional": ", perhaps replaced by a new one"}
Change = Mapping[str, Any]


def changes_of(cloudformation: Any, stack: str, change_set: str) -> list[Change]:
    """All changes to resources that a change set would make."""
    asked = {"StackName": stack, "ChangeSetName": change_set}
    answer = cloudformation.describe_change_set(**asked)
    changes = list(answer.get("Changes", []))
    while token := answer.get("NextToken"):
        answer = cloudformation.describe_change_set(**asked, NextToken=token)
        changes += answer.get("Changes", [])
    return [change["ResourceChange"] for change in changes if "ResourceChange" in change]


def lines(changes: Sequence[Change]) -> list[str]:
    """The changes for people, one a line, in the order of their names."""
    return [_line(change) for change in sorted(changes, key=lambda change: str(change["LogicalResourceId"]))]


def lost_tables(changes: Sequence[Change]) -> list[str]:
    """The tables that the changes would, or might, remove or replace by empty ones."""
    return sorted(
        change["LogicalResourceId"]
        for change in changes
        if change["ResourceType"] == TABLE and (change["Action"] == "Remove" or change.get("Replacement") in REPLACED)
    )


def _line(change: Change) -> str:
    sign = SIGNS.get(change["Action"], change["Action"])
    replaced = REPLACED.get(change.get("Replacement", ""), "")
    return f"  {sign} {change['LogicalResourceId']} ({change['ResourceType']}){replaced}"
