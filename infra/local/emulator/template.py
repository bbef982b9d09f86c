"""Read infra/aws/template.yaml, the one definition of tables, gateway answers and page headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE_PATH = ROOT / "infra" / "aws" / "template.yaml"


@dataclass(frozen=True, slots=True)
class Template:
    """A CloudFormation template with values for its parameters."""

    resources: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, str]

    def of_type(self, type_name: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type, for example AWS::DynamoDB::Table, with Ref and Fn::Sub resolved.

        A reference to what is no parameter (another resource) stays as its logical id.
        """
        return [
            self._resolved(resource["Properties"])
            for resource in self.resources.values()
            if resource["Type"] == type_name
        ]

    def properties(self, name: str) -> dict[str, Any]:
        """The properties of one resource, by its logical id, resolved in the same way."""
        properties: dict[str, Any] = self._resolved(self.resources[name]["Properties"])
        return properties

    def _resolved(self, node: Any) -> Any:
        match node:
            case {"Ref": str(name)}:
                return self.parameters.get(name, name)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{(\w+)}", lambda found: self.parameters.get(found[1], found[0]), text)
            case dict():
                return {name: self._resolved(value) for name, value in node.items()}
            case list():
                return [self._resolved(value) for value in node]
            case _:
                return node


def load(parameters: Mapping[str, str], path: Path = TEMPLATE_PATH) -> Template:
    """The template with these parameters, and the template's own defaults for the others."""
    content = yaml.safe_load(path.read_text())
    defaults = {name: str(given["Default"]) for name, given in content["Parameters"].items() if "Default" in given}
    return Template(content["Resources"], defaults | dict(parameters))
