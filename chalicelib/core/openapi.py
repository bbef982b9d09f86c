"""The OpenAPI 3.1 document, made from the declared routes and the Structs of bodies, queries and answers."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import msgspec

from chalicelib.core.http import ROUTES, Route
from chalicelib.core.schemas import Failure, Query
from chalicelib.core.version import VERSION

REF_TEMPLATE = "#/components/schemas/{name}"
Schema = dict[str, Any]


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    types: set[object] = {route.body for route in ROUTES if route.body} | {Failure}
    types |= {answer for route in ROUTES for answer in _answers(route)}
    ordered = sorted(types, key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=REF_TEMPLATE)
    schema_of = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(public_path(route.path), {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ghostwatt", "version": VERSION, "description": "Finds standby power and cuts it."},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security_schemes()},
    }


def public_path(path: str) -> str:
    """A route's path with its parameters in the words of the contract: {deviceId}, not {device_id}."""
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), path)


def title(route: Route) -> str:
    """The title of a route: the first line of its handler's docstring."""
    return _docstring(route).partition("\n")[0]


def description(route: Route) -> str:
    """The description of a route: the rest of its handler's docstring, each paragraph in one line."""
    paragraphs = _docstring(route).partition("\n")[2].strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _docstring(route: Route) -> str:
    return inspect.getdoc(route.handler) or route.name.replace("_", " ").capitalize()


def _operation(route: Route, schema_of: dict[Any, Schema]) -> dict[str, Any]:
    answer = _answer(route, _one_of([schema_of[answer] for answer in _answers(route)]))
    operation: dict[str, Any] = {
        "summary": title(route),
        "description": description(route),
        "operationId": route.name,
        "parameters": _path_parameters(public_path(route.path)) + _query_parameters(route.query),
        "security": [{scheme: []} for scheme in route.who.security(route.scope)] if route.who else [],
        "responses": {
            **dict.fromkeys(map(str, filter(None, (route.status, route.other_status))), answer),
            "default": _content("It was refused", schema_of[Failure]),
        },
    }
    if route.body:
        body = _content("", schema_of[route.body])
        operation["requestBody"] = {"required": not route.body_optional, "content": body["content"]}
    return operation


def _security_schemes() -> dict[str, Any]:
    return {name: scheme for route in ROUTES if route.who for name, scheme in route.who.schemes.items()}


def _answers(route: Route) -> tuple[object, ...]:
    return route.answers if isinstance(route.answers, tuple) else (route.answers,)


def _one_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _path_parameters(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(query: type[Query] | None) -> list[Schema]:
    if query is None:
        return []
    _, components = msgspec.json.schema_components([query])
    properties: dict[str, Schema] = components[query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": _parameter_schema(schema)} for name, schema in properties.items()]


def _parameter_schema(schema: Schema) -> Schema:
    """The schema without null, which stands for a parameter that is left out."""
    if "anyOf" in schema:
        kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
        others = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
        schema = {**_one_of(kinds), **others}
    return {"type": "string", **schema} if "enum" in schema else schema


def _answer(route: Route, schema: Schema) -> Schema:
    if route.answers is str:
        return _content("It worked", schema, "text/html")
    answer = _content("It worked", schema)
    if route.query and "format" in route.query.__struct_fields__:
        answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    return answer


def _content(description: str, schema: Schema, media_type: str = "application/json") -> Schema:
    return {"description": description, "content": {media_type: {"schema": schema}}}
