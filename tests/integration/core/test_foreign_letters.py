"""Letters of all scripts, wherever a person or a device may type: they are data, and never part of an expression.

dynoxide 1.2.1 ends at any letter beyond ASCII in an expression (GHSA-gwhp-7jch-7xj6).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.core.dynamo import check_expressions, connection, table_name
from tests.conftest import Call, Person, now_ms, reading

LETTERS = ["€", "Ünïcode #0 :v", "名前", "🔌", "SET #a = :b", "é" * 64]


@pytest.mark.parametrize("text", LETTERS)
def test_whatever_is_typed_is_stored_as_it_is_and_the_database_lives_on(call: Call, person: Person, text: str) -> None:
    device = person.device(text)
    port_id = person.port(device, text, thresholdWatts=10)["portId"]
    assert device.call("POST", "/device/data", {"sensors": {text: 21.5}, "timestamp": now_ms()}).status == 200
    assert device.call("POST", "/device/data", {"sensors": {text: 21.5, "b": 1}, "timestamp": now_ms()}).status == 200
    assert device.send([reading(port_id, now_ms(), 4.5)], "b").status == 200
    assert device.send([reading(port_id, now_ms(), 4.5), {"portId": text}], text[:64]).status in (200, 400, 422)
    device.call("POST", "/device/heartbeat", {"agentVersion": text, "relays": [{"portId": text, "state": "on"}]})
    key = {"owner_id": {"S": text}, text: {"S": text}}
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    for path in ("/device/list", "/port/list", "/phantom-event/list", "/notification/list"):
        assert person.call("GET", f"{path}?cursor={cursor}").status in (200, 400, 422)
    for path in (f"/device/{text}", f"/port/{text}", f"/device/claim/{text}", f"/device/{device.device_id}/data"):
        assert person.call("GET", path).status in (200, 404, 422)
    assert person.call("PATCH", f"/port/{port_id}", {"name": text}).status == 200
    assert person.call("PATCH", f"/device/{device.device_id}", {"deviceName": text, "name": text}).status in (200, 422)
    call("POST", "/account/login", {"email": f"{text}@example.com", "password": text})

    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert listed["latest"] == {text: 21.5} or text in str(listed)
    assert call("GET", "/health").status == 200


@pytest.mark.parametrize(
    "arguments",
    [
        {"UpdateExpression": "SET €"},
        {"ConditionExpression": "é = :v"},
        {"TransactItems": [{"Update": {"UpdateExpression": "SET €"}}]},
        {"RequestItems": {"t": {"ProjectionExpression": "€"}}},
        {"ExpressionAttributeNames": {"#0": "€"}},
    ],
)
def test_an_expression_with_other_letters_is_never_sent(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not ASCII"):
        check_expressions(arguments)


def test_values_may_hold_any_letter() -> None:
    values = {":0": {"S": "€"}}
    check_expressions({"UpdateExpression": "SET #0 = :0", "ExpressionAttributeValues": values, "Key": values})
    check_expressions({"RequestItems": {"t": [{"PutRequest": {"Item": {"k": {"S": "€"}}}}]}})


def test_the_guard_stands_before_every_call_of_the_models(database: str) -> None:
    with pytest.raises(ValueError, match="not ASCII"):
        connection().dispatch("UpdateItem", {"TableName": table_name("devices"), "UpdateExpression": "SET €"})
