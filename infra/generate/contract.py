"""The HTTP contract and the pushes of the WebSocket, as one OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec

import app  # noqa: F401  # registers the routes
from chalicelib.core import openapi
from chalicelib.realtime import schemas

PUSHES = (schemas.ReadingPush, schemas.SensorDataPush, schemas.DevicePush, schemas.PortPush, schemas.NotificationPush)


def document() -> dict[str, Any]:
    """Return the document of `/api/openapi.json`, without prose and with the pushes among its schemas."""
    contract = openapi.document()
    _, pushes = msgspec.json.schema_components(PUSHES, ref_template=openapi.REF_TEMPLATE)
    components = {**contract["components"], "schemas": _sorted({**contract["components"]["schemas"], **pushes})}
    whole = {**contract, "paths": _sorted(contract["paths"]), "components": components}
    stripped: dict[str, Any] = _without_prose(whole)
    return stripped


def body_fields(contract: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Return the JSON schemas of the fields of a request's body, by field name."""
    body = contract["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    fields: dict[str, Any] = contract["components"]["schemas"][body["$ref"].rpartition("/")[2]]["properties"]
    return fields


def _sorted(named: dict[str, Any]) -> dict[str, Any]:
    """Order by name: moving code around makes no generated file stale."""
    return dict(sorted(named.items()))


def _without_prose(node: Any) -> Any:
    """Drop summaries and descriptions: a better sentence in a docstring makes no generated file stale."""
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_prose(value)
        for key, value in node.items()
        if key not in ("description", "summary") or not isinstance(value, str)
    }
