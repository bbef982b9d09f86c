"""The one template that `chalice package --merge-template` merges into Chalice's own, put together from its parts.

template.yaml holds what the PC stack reads too; template_parts/ holds what only AWS needs, a file a subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.aws.packaging import functions

AWS = Path(__file__).resolve().parents[1]
TEMPLATE = AWS / "template.yaml"
PARTS = AWS / "template_parts"
EVERY_TABLE = PARTS / "every_table.yaml"
VARIABLES = PARTS / "variables.yaml"
"""Not parts themselves: the properties that every table gets, and the environment that every function gets."""
TABLE = "AWS::DynamoDB::Table"
KEPT_STAGES = ("prod",)
"""Stages whose tables outlive their stack. CloudFormation takes no condition for that, so it is decided here."""


def merged(stage: str = "dev") -> dict[str, Any]:
    """The merge template of a stage."""
    whole: dict[str, Any] = {"Resources": functions.resources(_load(VARIABLES), functions.grants())}
    for path in _paths():
        whole = merge(whole, _load(path))
    whole["Parameters"]["Stage"]["Default"] = stage
    every_table = merge(_load(EVERY_TABLE), _deletion_policies(stage))
    for name, resource in whole["Resources"].items():
        if resource.get("Type") == TABLE:
            whole["Resources"][name] = merge(every_table, resource)
    return whole


def write(path: Path, stage: str = "dev") -> None:
    """Write the merge template of a stage to a YAML file."""
    dump(merged(stage), path)


def dump(template: Mapping[str, Any], path: Path) -> Path:
    """Write a template as YAML; returns the path."""
    path.write_text(yaml.dump(template, Dumper=_Plain, sort_keys=False, width=120))
    return path


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both, as Chalice merges templates: dicts deeply; of all else the second one's counts."""
    whole = dict(base)
    for name, value in more.items():
        old = whole.get(name)
        whole[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return whole


def _paths() -> Iterator[Path]:
    yield TEMPLATE
    yield from sorted(set(PARTS.glob("*.yaml")) - {EVERY_TABLE, VARIABLES})


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def _deletion_policies(stage: str) -> dict[str, str]:
    policy = "Retain" if stage in KEPT_STAGES else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


class _Plain(yaml.SafeDumper):
    """Writes each value out, without YAML's anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
