"""Health, and the OpenAPI document that is made from the contract."""

from __future__ import annotations

import app
from chalicelib.core.openapi import document, public_path
from chalicelib.ports.kinds import KINDS
from tests.conftest import Call


def test_health_says_that_the_database_answers(call: Call) -> None:
    answer = call("GET", "/health")
    assert (answer.status, answer.body["parts"]) == (200, {"database": "ok"})


def test_every_route_is_in_the_document_and_the_other_way_round(call: Call) -> None:
    document = call("GET", "/openapi.json").body
    assert document["openapi"].startswith("3.1")
    routed = {(public_path(path), method) for path, entries in app.app.routes.items() for method in entries}
    documented = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert documented == routed


def test_every_reference_in_the_document_leads_somewhere(call: Call) -> None:
    document = call("GET", "/openapi.json").body

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    found = references(document["paths"]) + references(document["components"])
    assert found
    assert {ref.rpartition("/")[2] for ref in found} <= set(document["components"]["schemas"])


def test_the_contract_names_each_parameter_in_its_own_words(call: Call) -> None:
    paths = call("GET", "/openapi.json").body["paths"]
    assert "/device/{deviceId}/key" in paths
    assert "/phantom-event/{eventId}/feedback" in paths


def test_the_document_names_the_kinds_of_appliances() -> None:
    for name in ("CreatePort", "ChangePort", "RunBacktest"):
        assert document()["components"]["schemas"][name]["properties"]["kind"]["examples"] == list(KINDS)
