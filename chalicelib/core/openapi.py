"""The OpenAPI 3.1 document, made from the list of routes and the Structs of the contract."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from chalicelib.accounts.model import Scope
from chalicelib.core.http import ROUTES, Route, Who
from chalicelib.core.schemas import Failure
from chalicelib.core.settings import VERSION
from chalicelib.ports.kinds import KINDS

REF_TEMPLATE = "#/components/schemas/{name}"
QUERY = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    "cursor": {"type": "string", "description": "opaque; where the page before ended"},
    "from": {"type": "string", "description": "ISO 8601 or epoch milliseconds"},
    "to": {"type": "string", "description": "ISO 8601 or epoch milliseconds"},
    "portId": {"type": "string"},
    "period": {"type": "string", "enum": ["day", "week", "month", "year"], "default": "day"},
    "days": {"type": "integer", "minimum": 1, "maximum": 90, "default": 30},
    "resolution": {
        "type": "string",
        "enum": ["raw", "5m", "1h", "1d"],
        "description": "without it the finest that has at most width points",
    },
    "width": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 2_000},
    "format": {
        "type": "string",
        "enum": ["json", "csv", "csv-bom"],
        "default": "json",
        "description": "csv-bom is CSV with a byte order mark, by which Excel knows UTF-8",
    },
    "layout": {"type": "string", "enum": ["rows", "columns"], "default": "rows"},
}
QUERIES = {
    "/device/list": ("limit", "cursor"),
    "/device/{deviceId}/data": ("from", "to", "format", "layout", "limit", "cursor"),
    "/port/list": ("limit", "cursor"),
    "/port/{portId}/history": ("from", "to", "resolution", "width", "format", "layout", "limit", "cursor"),
    "/port/{portId}/energy": ("period", "from", "to"),
    "/energy": ("period", "from", "to"),
    "/savings": ("from", "to", "portId", "limit", "cursor"),
    "/savings/what-if": ("days",),
    "/phantom-event/list": ("portId", "limit", "cursor"),
    "/notification/list": ("limit", "cursor"),
}
POINT_LIMITS = {
    "/device/{deviceId}/data": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 50},
    "/port/{portId}/history": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 2_000},
}
"""The limit where it is one of points."""
SECURITY_SCHEMES = {
    "session": {"type": "apiKey", "in": "header", "name": "x-session-token"},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "a session token",
    },
    "readToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API token of either scope (POST /account/token); x-session-token takes it too",
    },
    "controlToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API token with the scope control; x-session-token takes it too",
    },
    "device": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "the word Device, a blank, and the device's key",
    },
}
SECURITY: dict[Who, list[dict[str, list[str]]]] = {
    Who.NOBODY: [],
    Who.SESSION: [{"session": []}, {"bearer": []}],
    Who.DEVICE: [{"device": []}],
    Who.DEVICE_IN_BODY: [],
}
TOKEN_SECURITY: dict[Scope | None, list[dict[str, list[str]]]] = {
    None: [],
    "read": [{"readToken": []}],
    "control": [{"controlToken": []}],
}
"""What a route takes beside a session, by the least scope that may call it."""


NAMES_A_KIND = ("CreatePort", "ChangePort", "RunBacktest")
KIND_HINT = {
    "description": "What is plugged in: one of the examples; any other name counts as unknown.",
    "examples": list(KINDS),
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    types: set[object] = {route.body for route in ROUTES if route.body} | {Failure}
    types |= {answer for route in ROUTES for answer in _answers(route)}
    ordered = sorted(types, key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=REF_TEMPLATE)
    for name in NAMES_A_KIND:
        components[name]["properties"]["kind"] |= KIND_HINT
    schema_of = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(public_path(route.path), {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ghostwatt", "version": VERSION, "description": "Finds standby power and cuts it."},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY_SCHEMES},
    }


def public_path(path: str) -> str:
    """A route's path with its parameters in the words of the contract: {deviceId}, not {device_id}."""
    return re.sub(r"_([a-z])", lambda found: found.group(1).upper(), path)


def _operation(route: Route, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    success = _success(route, _one_of([schema_of[answer] for answer in _answers(route)]))
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.name,
        "parameters": _parameters(public_path(route.path)),
        "security": SECURITY[route.who] + TOKEN_SECURITY[route.scope],
        "responses": {
            **dict.fromkeys(map(str, filter(None, (route.status, route.other_status))), success),
            "default": _content("It was refused", schema_of[Failure]),
        },
    }
    if route.body:
        body = _content("", schema_of[route.body])
        operation["requestBody"] = {"required": not route.body_optional, "content": body["content"]}
    return operation


def _answers(route: Route) -> tuple[object, ...]:
    return route.answers if isinstance(route.answers, tuple) else (route.answers,)


def _one_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _parameters(path: str) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    schemas = QUERY | ({"limit": POINT_LIMITS[path]} if path in POINT_LIMITS else {})
    in_query = [{"name": name, "in": "query", "schema": schemas[name]} for name in QUERIES.get(path, ())]
    return in_path + in_query


def _success(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    if route.answers is str:
        return _content("It worked", schema, "text/html")
    answer = _content("It worked", schema)
    if "format" in QUERIES.get(public_path(route.path), ()):
        answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    return answer


def _content(description: str, schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}
