"""The API as its own openapi.json tells it, for tests that go over all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from tests.conftest import Answered

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One route: who may call it, and the schema of its body if it takes one."""

    method: str
    path: str
    schemes: frozenset[str]
    queries: tuple[str, ...]
    body: Schema | None
    body_required: bool

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"{(\w+)}", self.path)

    def url(self, ids: dict[str, str]) -> str:
        """The path with these ids in it."""
        return self.path.format_map(ids)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations(document: dict[str, Any]) -> list[Operation]:
    """All routes of the document."""
    return [
        Operation(
            method.upper(),
            path,
            frozenset(name for choice in shown["security"] for name in choice),
            tuple(parameter["name"] for parameter in shown["parameters"] if parameter["in"] == "query"),
            _body(document, shown),
            bool(shown.get("requestBody", {}).get("required")),
        )
        for path, methods in document["paths"].items()
        for method, shown in methods.items()
    ]


def _body(document: dict[str, Any], shown: dict[str, Any]) -> Schema | None:
    if "requestBody" not in shown:
        return None
    return resolved(document, shown["requestBody"]["content"]["application/json"]["schema"])


def resolved(document: dict[str, Any], schema: Schema) -> Schema:
    """A schema with the references in it replaced by what they name."""
    if "$ref" in schema:
        return resolved(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return {
        key: resolved(document, value)
        if isinstance(value, dict)
        else [resolved(document, item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list)
        else value
        for key, value in schema.items()
    }


def kinds(schema: Schema) -> set[str]:
    """The JSON types that a schema admits; empty for one that admits all."""
    choices = schema.get("anyOf", [schema])
    if "enum" in schema:
        return {"null" if value is None else "string" for value in schema["enum"]}
    return {str(choice["type"]) for choice in choices if "type" in choice}


def wrong_values(schema: Schema) -> Iterator[Any]:
    """Values of every JSON type that the schema does not admit."""
    admitted = kinds(schema)
    if not admitted:
        return
    samples = {"null": None, "boolean": True, "string": "true", "array": [[1]], "object": {"$ne": 1}}
    yield from (value for kind, value in samples.items() if kind not in admitted)
    if "number" not in admitted:
        yield 1.5
        if "integer" not in admitted:
            yield 1


def faults(document: dict[str, Any], method: str, path: str, answer: Answered) -> list[str]:
    """What about an answer is not as documented."""
    responses = document["paths"][path][method.lower()]["responses"]
    documented = responses.get(str(answer.status)) or (responses["default"] if answer.status >= 400 else None)
    media_type = answer.headers["Content-Type"].partition(";")[0]
    if documented is None or media_type not in documented["content"]:
        return [f"{answer.status} {media_type}"]
    if media_type != "application/json":
        return []
    schema = {**documented["content"][media_type]["schema"], "components": document["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(answer.body)]
