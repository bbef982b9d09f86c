"""What clients send who mean ill, to every route that openapi.json names. A 5xx is never the answer."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from infra.local.stack import RunningStack
from tests.conftest import Answered, Call, Person, new_person, now_ms, reading
from tests.contract.household import Household, settle
from tests.contract.openapi import Operation, operations, wrong_values

BODIES = {
    "/account/signup": {"email": "nobody@example.org", "password": "correct horse"},
    "/account/login": {"email": "nobody@example.org", "password": "correct horse"},
    "/account": {"currency": "EUR"},
    "/device/claim": {"deviceId": "GW-0123456789"},
    "/device/claim/token": {"deviceCode": "x"},
    "/device/claim/approve": {"userCode": "BBBB-BBBB"},
    "/device/claim/deny": {"userCode": "BBBB-BBBB"},
    "/device/data": {"sensors": {"temperature": 1}},
    "/device/{deviceId}": {"name": "Mine now"},
    "/port/{portId}": {"name": "Mine now"},
    "/port/{portId}/switch": {"state": "on"},
    "/phantom-event/{eventId}/feedback": {"verdict": "wrong"},
    "/sensor/readings": {"batchId": "b", "sentAtMs": 1, "readings": []},
}
"""A body that each route takes; the rest are made from the household's ids."""
ODD_IDS = [
    "-",
    "-x",
    "x" * 3_000,
    f"x-{'x' * 2_000}",
    "%00",
    "%ED%A0%80",
    "%F0%9F%91%BB",
    "%7B%22$ne%22:1%7D",
    "'OR'1'='1",
]
ODD_CURSORS = ["x", "****", "%C3%A9", "%00", "e30=", "LTU=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
ODD_TIMES = ["x", "-1", "9" * 5_000, "NaN", "1e5", "%C2%B2", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"]


@pytest.fixture(scope="module")
def household(call: Call) -> Household:
    return settle(call)


@pytest.fixture(scope="module")
def stranger_here(call: Call) -> Person:
    return new_person(call)


@pytest.fixture(scope="module")
def all_operations(call: Call) -> list[Operation]:
    return operations(call("GET", "/openapi.json").body)


def refused(answer: Answered, *statuses: int) -> bool:
    """Whether this is an error of the contract with one of these statuses."""
    shaped = isinstance(answer.body, dict) and answer.body.get("success") is False
    return answer.status in statuses and shaped and bool(answer.body.get("code")) and bool(answer.body.get("error"))


def fitting_body(operation: Operation, household: Household) -> dict[str, Any] | None:
    """A body that is right in all but whose ids it names."""
    if operation.body is None:
        return None
    made: dict[str, dict[str, Any]] = {
        "/port": {"deviceId": household.device.device_id, "name": "Mine now"},
        "/device/register": {"deviceId": household.device.device_id},
        "/devices": {"device_id": household.device.device_id, "name": "Mine now"},
        "/sensor/reading": {
            "deviceToken": "gwk.x.y",
            "portId": household.port_ids[0],
            "voltage": 1,
            "current": 1,
            "power": 1,
        },
    }
    return {**made, **BODIES}.get(operation.path, {})


def by_device(operation: Operation) -> bool:
    return "device" in operation.schemes


def caller(operation: Operation, household: Household) -> dict[str, str]:
    """The header with which the owner's side calls a route."""
    if by_device(operation):
        return {"Authorization": f"Device {household.device.api_key}"}
    return {"x_session_token": household.person.token}


def forged_tokens(stack: RunningStack, token: str) -> Iterator[str]:
    """Session tokens that no server of ours made, or made long ago."""
    secret = (stack.data_dir / "jwt_secret").read_text()
    claims = jwt.decode(token, options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(token)["kid"]}
    now = int(time.time())
    yield jwt.encode(claims, None, "none", header)
    yield jwt.encode(claims, "x" * 64, "HS256", header)
    yield jwt.encode(claims, secret * 2, "HS512", header)
    yield jwt.encode(claims, secret, "HS256")
    yield jwt.encode({**claims, "iat": now - 1_000, "exp": now - 1}, secret, "HS256", header)
    yield jwt.encode({**claims, "sid": "0" * 20}, secret, "HS256", header)
    yield jwt.encode({**claims, "sub": "0" * 20}, secret, "HS256", header)
    yield jwt.encode({**claims, "iss": "somebody"}, secret, "HS256", header)
    yield from (token[:-3] + "abc", token.rpartition(".")[0] + ".", "..", "", "\xff", "x" * 5_000)


def test_no_route_takes_a_forged_or_missing_session(
    stack: RunningStack, call: Call, household: Household, all_operations: list[Operation]
) -> None:
    asked = [operation for operation in all_operations if "session" in operation.schemes]
    tokens = list(forged_tokens(stack, household.person.token))
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
    asked = [operation for operation in all_operations if by_device(operation)]
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
    assert refused(stranger_here.call("POST", "/device/register", {"deviceId": household.device.device_id}), 409)
    notifications = household.person.call("GET", "/notification/list").body["notifications"]
    ids = [notification["notificationId"] for notification in notifications]
    assert stranger_here.call("POST", "/notification/read", {"notificationIds": ids}).status == 200
    assert household.seen() == before


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


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_odd_id_is_an_unknown_one(household: Household, all_operations: list[Operation], odd: str) -> None:
    for operation in (op for op in all_operations if op.parameters and "userCode" not in op.parameters):
        path = operation.url(dict.fromkeys(operation.parameters, odd))
        answer = household.person.call(operation.method, path, fitting_body(operation, household))
        assert refused(answer, 404), (str(operation), odd[:10], answer)


def test_an_odd_query_is_refused(household: Household, all_operations: list[Operation]) -> None:
    wrong_key = base64.urlsafe_b64encode(b'{"owner_id":{"S":"x"},"port_id":{"S":"y"}}').decode()
    odd = {
        "limit": ["0", "201", "-1", "x", "", "1.0", "%D9%A1", "00020099999", "9" * 5_000, "1&limit=0"],
        "cursor": [*ODD_CURSORS, wrong_key],
        "from": [*ODD_TIMES, "2&to=1"],
        "to": ODD_TIMES,
        "resolution": ["x"],
    }
    for operation in all_operations:
        for name, value in [(query, value) for query in operation.queries for value in odd.get(query, [])]:
            answer = household.person.call("GET", f"{operation.url(household.ids)}?{name}={value}")
            assert refused(answer, 422), (str(operation), name, value[:20], answer)
        if "portId" in operation.queries:
            for value in ("", "-", "x" * 3_000, "%00"):
                answer = household.person.call("GET", f"{operation.path}?portId={value}")
                assert refused(answer, 404, 422), (str(operation), value[:20], answer)


def test_a_span_before_all_readings_is_empty(household: Household) -> None:
    for path in (f"/port/{household.port_ids[0]}/history", f"/device/{household.device.device_id}/data"):
        answer = household.person.call("GET", f"{path}?from=0&to=1")
        assert (answer.status, answer.body.get("readings", answer.body.get("data"))) == (200, []), answer


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_wrong_method_is_an_unknown_route(call: Call, all_operations: list[Operation], method: str) -> None:
    known = {(operation.method, operation.path) for operation in all_operations}
    for path in {operation.path for operation in all_operations}:
        url = path.replace("{", "").replace("}", "")
        if "{" not in path and (method, path) not in known and not _also_a_name(method, path, known):
            assert refused(call(method, url), 404), (method, path)


def _also_a_name(method: str, path: str, known: set[tuple[str, str]]) -> bool:
    return (method, f"{path.rpartition('/')[0]}/{{deviceId}}") in known


@pytest.mark.parametrize("watts", [1e-320, 1e-200, 1e-130, 5e-324])
def test_a_tiny_threshold_is_stored_or_refused(household: Household, watts: float) -> None:
    answer = household.person.call("PATCH", f"/port/{household.port_ids[1]}", {"thresholdWatts": watts})
    assert answer.status == 200 or refused(answer, 422), answer


@pytest.mark.parametrize("ids", [[""], ["x" * 3_000], ["\x00"], ["'; DROP TABLE users; --"]])
def test_odd_notification_ids_are_passed_over_or_refused(household: Household, ids: list[str]) -> None:
    answer = household.person.call("POST", "/notification/read", {"notificationIds": ids})
    assert answer.status == 200 or refused(answer, 422), answer


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE ports; --", '{"$gt":""}', "<img src=x onerror=1>", "👻 电视 تلفاز", "#0"]
)
def test_a_name_is_only_a_name(stranger_here: Person, name: str) -> None:
    device = stranger_here.device(name)
    port_id = stranger_here.port(device, name)["portId"]
    assert stranger_here.call("GET", f"/port/{port_id}").body["name"] == name
    assert device.call("POST", "/device/data", {"sensors": {name: 1.5}}).status == 200
    assert stranger_here.call("GET", f"/device/{device.device_id}/data").body["data"][0]["sensors"] == {name: 1.5}


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
