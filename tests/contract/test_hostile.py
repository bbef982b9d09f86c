"""What clients send who mean ill, to every route that openapi.json names. A 5xx is never the answer."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.conftest import Call, Person, now_ms, reading
from tests.contract.household import Household, caller, fitting_body, refused
from tests.contract.openapi import Operation, wrong_values


def forged_tokens(secret: str, token: str) -> Iterator[str]:
    """Session tokens that no server of ours made, or made long ago."""
    claims = jwt.decode(token, options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(token)["kid"]}
    now = int(time.time())
    yield jwt.encode(claims, "", "none", header)
    yield jwt.encode(claims, "x" * 64, "HS256", header)
    yield jwt.encode(claims, secret * 2, "HS512", header)
    yield jwt.encode(claims, secret, "HS256")
    yield jwt.encode({**claims, "iat": now - 1_000, "exp": now - 1}, secret, "HS256", header)
    yield jwt.encode({**claims, "sid": "0" * 20}, secret, "HS256", header)
    yield jwt.encode({**claims, "sub": "0" * 20}, secret, "HS256", header)
    yield jwt.encode({**claims, "iss": "somebody"}, secret, "HS256", header)
    yield from (token[:-3] + "abc", token.rpartition(".")[0] + ".", "..", "", "\xff", "x" * 5_000)


def test_no_route_takes_a_forged_or_missing_session(
    signing_secret: str, call: Call, household: Household, all_operations: list[Operation]
) -> None:
    asked = [operation for operation in all_operations if "session" in operation.schemes]
    tokens = list(forged_tokens(signing_secret, household.person.token))
    assert len(asked) > 20
    for number, operation in enumerate(asked):
        for token in tokens if number == 0 else tokens[number % 3 :: 3]:
            path, body = operation.url(household.ids), fitting_body(operation, household)
            named = call(operation.method, path, body, x_session_token=token)
            borne = call(operation.method, path, body, Authorization=f"Bearer {token}")
            assert refused(named, 401), (str(operation), token, named)
            assert refused(borne, 401), (str(operation), token, borne)
    assert household.person.call("GET", "/account").status == 200


def test_no_route_takes_a_wrong_key(call: Call, household: Household, all_operations: list[Operation]) -> None:
    key, token = household.device.api_key, household.person.token
    ways = [
        "",
        "Device",
        f"Bearer {key}",
        f"Device {key}x",
        f"Device {key[:-1]}",
        f"Device {token}",
        key,
        "Device gwk..",
    ]
    ways += [f"Device gwk.{'x' * 3_000}.y", "Device \xff\xfe", "Device gwk.'OR'1'='1.x"]
    asked = [operation for operation in all_operations if "device" in operation.schemes]
    assert asked
    for operation in asked:
        for way in ways:
            answer = call(operation.method, operation.path, fitting_body(operation, household), Authorization=way)
            assert refused(answer, 401), (str(operation), way[:30], answer)


def test_another_users_ids_answer_404_everywhere(
    household: Household, stranger_here: Person, all_operations: list[Operation]
) -> None:
    before = household.seen()
    asked = [op for op in all_operations if {"deviceId", "portId", "eventId"} & set(op.parameters)]
    assert len(asked) > 10
    for operation in [*asked, *(op for op in all_operations if str(op) == "POST /port")]:
        answer = stranger_here.call(operation.method, operation.url(household.ids), fitting_body(operation, household))
        assert refused(answer, 404), (str(operation), answer)
    assert refused(stranger_here.call("GET", f"/phantom-event/list?portId={household.port_ids[0]}"), 404)
    notifications = household.person.call("GET", "/notification/list").body["notifications"]
    ids = [notification["notificationId"] for notification in notifications]
    assert stranger_here.call("POST", "/notification/read", {"notificationIds": ids}).status == 200
    assert household.seen() == before


def test_another_users_device_cannot_be_registered_and_its_owner_is_told(
    household: Household, stranger_here: Person
) -> None:
    assert refused(stranger_here.call("POST", "/device/register", {"deviceId": household.device.device_id}), 409)
    newest = household.person.call("GET", "/notification/list").body["notifications"][0]
    assert (newest["kind"], newest["deviceId"]) == ("pairing_refused", household.device.device_id)
    assert household.device.call("POST", "/device/heartbeat").status == 200


def test_another_users_port_takes_no_reading_and_no_report(
    call: Call, household: Household, stranger_here: Person
) -> None:
    foreign, port_id = stranger_here.device(), household.port_ids[0]
    before = household.seen()
    one = {"deviceToken": foreign.api_key, "portId": port_id, "voltage": 1, "current": 1, "power": 1}
    assert refused(call("POST", "/sensor/reading", one), 404)
    (result,) = foreign.send([reading(port_id, now_ms(), 1.0)]).body["results"]
    assert (result["status"], result["code"]) == ("rejected", "unknown_port")
    report = {"portId": port_id, "state": "on", "version": 1, "reason": "in_use"}
    assert foreign.call("POST", "/device/heartbeat", {"relays": [report]}).body["relays"] == []
    assert household.seen() == before


@pytest.mark.parametrize("kind", ["devices", "ports", "events", "notifications", "data"])
def test_another_users_cursor_shows_nothing_of_theirs(household: Household, stranger_here: Person, kind: str) -> None:
    cursor = household.person.call("GET", f"{household.lists()[kind]}?limit=1").body["cursor"]
    assert cursor
    own = stranger_here.device()
    for path in {**household.lists(), "data": f"/device/{own.device_id}/data"}.values():
        answer = stranger_here.call("GET", f"{path}?limit=1&cursor={cursor}")
        assert answer.status == 200 or refused(answer, 422), (path, answer)
        assert not any(
            secret in json.dumps(answer.body) for secret in [household.device.device_id, *household.port_ids]
        )


def test_every_field_refuses_what_is_of_another_type(
    call: Call, household: Household, all_operations: list[Operation]
) -> None:
    tried = 0
    for operation in all_operations:
        for name, schema in (operation.body or {}).get("properties", {}).items():
            for value in wrong_values(schema):
                body = {**(fitting_body(operation, household) or {}), name: value}
                answer = call(operation.method, operation.url(household.ids), body, **caller(operation, household))
                assert refused(answer, 422), (str(operation), name, value, answer)
                assert answer.body.get("field", "").startswith(name), (str(operation), name, value, answer)
                tried += 1
    assert tried > 100


def test_no_body_however_broken_is_a_fault_of_ours(
    call: Call, household: Household, all_operations: list[Operation]
) -> None:
    deep = b'{"a":' * 40_000 + b"1" + b"}" * 40_000
    broken = [
        b"[" * 100_000,
        b"NaN",
        b'{"a":Infinity}',
        b"\xff\xfe\x00",
        deep,
        b"null",
        b"1e999",
        b'"',
        b"{}{}",
        b"\x00",
    ]
    broken += [b'{"x":1}', b'{"\xff":1}', b'{"__proto__":{}}']
    for operation in (op for op in all_operations if op.body is not None):
        for raw in broken:
            answer = call(operation.method, operation.url(household.ids), raw, **caller(operation, household))
            assert refused(answer, 400, 422), (str(operation), raw[:20], answer)
        answer = call(operation.method, operation.url(household.ids), b" " * 300_000, **caller(operation, household))
        assert refused(answer, 413), (str(operation), answer)
        if operation.body_required:
            answer = call(operation.method, operation.url(household.ids), **caller(operation, household))
            assert refused(answer, 400), (str(operation), answer)


def test_every_answer_says_whether_it_is_a_success(
    call: Call, household: Household, all_operations: list[Operation]
) -> None:
    """Except the bare array and the documents, which have their own forms."""
    bare = {"/devices", "/openapi.json", "/docs"}
    for operation in (op for op in all_operations if op.method == "GET" and op.path not in bare):
        assert "success" in call("GET", operation.url(household.ids), x_session_token=household.person.token).body
    assert household.device.call("POST", "/device/heartbeat").body["success"] is True
    assert household.device.send([]).body.get("success") is True
    one = {"deviceToken": household.device.api_key, "portId": household.port_ids[0]}
    answer = call("POST", "/sensor/reading", {**one, "voltage": 1, "current": 1, "power": 100})
    assert answer.body.get("success") is True


def test_a_batch_is_judged_reading_by_reading(household: Household) -> None:
    """Whatever stands in one place, the others are stored."""
    at_ms, port_id = now_ms(), household.port_ids[0]
    good = reading(port_id, at_ms, 150.0)
    odd: list[Any] = [
        1,
        None,
        "x",
        [],
        {},
        True,
        [[[[]]]],
        {**good, "x": 1},
        {**good, "power": "1"},
        {**good, "power": -1},
    ]
    odd += [
        {**good, "voltage": 501},
        {**good, "timestampMs": 1.5},
        {**good, "timestampMs": 10**30},
        {**good, "portId": ""},
    ]
    odd += [{**good, "timestampMs": at_ms + 10**7}, {**good, "timestampMs": 0}, {**good, "power": 1e308}]
    answer = household.device.send([*odd, good], batch_id=secrets.token_hex(8))
    assert answer.status == 200, answer
    assert [result["status"] for result in answer.body["results"]] == ["rejected"] * len(odd) + ["stored"]
    assert all(result["code"] for result in answer.body["results"][:-1])
