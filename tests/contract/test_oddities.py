"""Ids, queries, numbers and names that nobody sane sends: refused or taken as they are, and never a fault of ours."""

from __future__ import annotations

import base64

import pytest

from tests.conftest import Call, Person
from tests.contract.household import Household, fitting_body, refused
from tests.contract.openapi import Operation

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


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_odd_id_is_an_unknown_one(household: Household, all_operations: list[Operation], odd: str) -> None:
    for operation in (op for op in all_operations if op.parameters and "userCode" not in op.parameters):
        path = operation.url(dict.fromkeys(operation.parameters, odd))
        answer = household.person.call(operation.method, path, fitting_body(operation, household))
        assert refused(answer, 404), (str(operation), odd[:10], answer)


def test_an_odd_query_is_refused(household: Household, all_operations: list[Operation]) -> None:
    wrong_key = base64.urlsafe_b64encode(b'{"owner_id":{"S":"x"},"port_id":{"S":"y"}}').decode()
    odd = {
        "limit": ["0", "10001", "-1", "x", "", "1.0", "%D9%A1", "00020099999", "9" * 5_000, "1&limit=0"],
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
