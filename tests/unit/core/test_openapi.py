"""The OpenAPI document says what the routes take."""

from __future__ import annotations

from typing import Any

import pytest

import app  # noqa: F401  # declares the routes
from chalicelib.core.http import ROUTES, Route
from chalicelib.core.openapi import description, document, public_path, title


def query_parameters(path: str) -> dict[str, Any]:
    parameters = document()["paths"][path]["get"]["parameters"]
    return {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == "query"}


@pytest.mark.parametrize("path", ["/device/{deviceId}/data", "/port/{portId}/history"])
def test_both_histories_document_resolution_and_width(path: str) -> None:
    parameters = query_parameters(path)
    assert set(parameters["resolution"]["enum"]) == {"raw", "5m", "1h", "1d"}
    assert (parameters["width"]["maximum"], parameters["width"]["default"]) == (10_000, 2_000)


def test_every_parameter_of_a_declared_query_is_documented_under_its_own_name() -> None:
    for route in ROUTES:
        if route.query:
            documented = query_parameters(public_path(route.path))
            assert list(documented) == list(route.query.__struct_encode_fields__)


def test_a_parameter_that_may_be_left_out_is_never_null() -> None:
    for route in ROUTES:
        if route.query:
            for schema in query_parameters(public_path(route.path)).values():
                assert "anyOf" not in schema
                assert schema.get("default", "") is not None


def test_each_way_to_authenticate_is_a_scheme_of_the_document() -> None:
    schemes = document()["components"]["securitySchemes"]
    named = {name for route in ROUTES if route.who for name in route.who.security(route.scope)}
    assert named - {*schemes} == set()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_summary_is_a_title_and_a_description_is_made_of_sentences(route: Route) -> None:
    assert len(title(route)) <= 50
    assert title(route)[0].isupper()
    assert not title(route).endswith(".")
    assert description(route).endswith((".", ")."))
