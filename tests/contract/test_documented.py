"""What comes back is what openapi.json says: the status, the media type, and the schema of the body."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import Call
from tests.contract.household import Household
from tests.contract.openapi import Operation, faults

TABLES = ("/port/{portId}/history", "/device/{deviceId}/data")
UNDOCUMENTED = "/openapi.json"
"""Its own schema is OpenAPI's."""


def test_every_answer_to_get_is_as_documented(
    document: dict[str, Any], household: Household, all_operations: list[Operation]
) -> None:
    household.person.call("POST", "/export", {})
    asked = [operation for operation in all_operations if operation.method == "GET" and operation.path != UNDOCUMENTED]
    assert len(asked) > 20
    for operation in asked:
        answer = household.person.call("GET", operation.url(household.ids))
        assert answer.status == 200 or "userCode" in operation.parameters, (operation.path, answer)
        assert faults(document, "GET", operation.path, answer) == [], operation.path


@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("resolution", ["", "&resolution=raw", "&resolution=5m", "&resolution=1h", "&resolution=1d"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_every_form_of_a_history_is_as_documented(
    document: dict[str, Any], household: Household, layout: str, resolution: str, form: str
) -> None:
    for path in TABLES:
        query = f"?format={form}&layout={layout}{resolution}"
        answer = household.person.call("GET", path.format_map(household.ids) + query)
        assert answer.status == 200, (query, answer)
        assert faults(document, "GET", path, answer) == [], query


def test_every_refusal_is_as_documented(
    call: Call, document: dict[str, Any], all_operations: list[Operation], household: Household
) -> None:
    for operation in all_operations:
        answer = call(operation.method, operation.url(household.ids), b"{")
        assert faults(document, operation.method, operation.path, answer) == [], str(operation)


@pytest.mark.parametrize("address", ["nobody", "@", "a@", "@b", "a b@c", "a@b c", "a@b@c"])
def test_an_address_that_is_refused_is_documented_so(call: Call, document: dict[str, Any], address: str) -> None:
    schema = document["components"]["schemas"]["SignUp"]
    assert call("POST", "/account/signup", {"email": address, "password": "correct horse"}).status == 422
    validator = Draft202012Validator({**schema, "components": document["components"]})
    assert not validator.is_valid({"email": address, "password": "correct horse"})
    assert validator.is_valid({"email": " a@b.example ", "password": "correct horse"})
