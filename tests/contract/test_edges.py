"""The edges of the stack: odd paths and headers, foreign origins, the WebSocket, and what outlives its owner's wish."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from infra.local.runner.process import RunningStack
from tests.conftest import Call, Person
from tests.contract.household import Household

OUTSIDE = ["/../infra/aws/template.yaml", "/%2e%2e/Makefile", "/..%2fMakefile", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd"]
OUTSIDE += ["/..%5cMakefile", "//etc/passwd", "/%00", "/index.html%00", "/.git/config", "/%ff", f"/{'x' * 5_000}"]
ODD_PATHS = ["/api", "/api/", "/api//health", "/api/./health", "/api/x/../health", "/api/%", "/api/%zz", "/api/%00"]
ODD_PATHS += ["/api/health%2f", "/API/health", "/api/{proxy+}", "*", f"/api/{'x/' * 2_000}", "/live", "/live/x"]


def raw(stack: RunningStack, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask for a path as it stands, which no well-mannered client does."""
    address = urlsplit(stack.base_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize("path", OUTSIDE)
def test_the_page_serves_nothing_outside_its_directory(stack: RunningStack, path: str) -> None:
    assert raw(stack, path)[0] in (400, 404)


@pytest.mark.parametrize("path", ODD_PATHS)
def test_an_odd_path_is_an_unknown_one(stack: RunningStack, path: str) -> None:
    assert raw(stack, path)[0] == 404


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/port/x%0Ay", "/api/%0A/x"])
def test_all_under_api_answers_in_its_own_shape(stack: RunningStack, path: str) -> None:
    answer = requests.get(stack.base_url + path, timeout=60)
    assert (answer.status_code in (401, 404), answer.json()["success"]) == (True, False)


def test_a_path_may_be_percent_encoded(stack: RunningStack) -> None:
    assert raw(stack, "/api/%68ealth")[0] == 200


def status_or_end(stack: RunningStack, headers: dict[str, str]) -> int | None:
    """The status of an answer, None when the server hung up."""
    try:
        return raw(stack, "/api/health", headers)[0]
    except (ConnectionError, http.client.HTTPException):
        return None


def test_a_flood_of_headers_harms_only_its_own_connection(stack: RunningStack) -> None:
    assert status_or_end(stack, {f"X-{number}": "x" * 60_000 for number in range(20)}) in (400, 431, None)
    assert status_or_end(stack, {f"X-{number}": "x" for number in range(20_000)}) in (400, 431, None)
    assert raw(stack, "/api/health", {f"X-{number}": "x" * 100 for number in range(90)})[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost.evil.example"])
@pytest.mark.parametrize("path", ["/device/list", "/account/login", "/no/such/route"])
def test_a_foreign_origin_is_not_allowed_in(web_origin: str, api: str, origin: str, path: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-session-token",
    }
    for method in ("OPTIONS", "GET"):
        allowed = requests.request(method, api + path, headers=asked, timeout=60).headers
        assert allowed.get("Access-Control-Allow-Origin") in (None, web_origin)


@pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=x", "?ticket=x&ticket=y", "?ticket=%00", "?token=x"])
def test_the_socket_opens_with_a_ticket_only(live_url: str, socket_refusal: int, query: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(live_url + query):
        pass
    assert refusal.value.response.status_code == socket_refusal


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/live", "/live/x"])
def test_there_is_no_other_socket(stack: RunningStack, path: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(stack.base_url.replace("http", "ws") + path):
        pass
    assert refusal.value.response.status_code in (403, 404)


def test_what_a_page_says_on_the_socket_harms_nobody(person: Person) -> None:
    with connect(person.call("POST", "/live/ticket").body["url"]) as socket:
        for word in ("[" * 100_000, "", '{"type":"reading"}', b"\xff\xfe", "NaN"):
            socket.send(word)
        device = person.device()
        assert json.loads(socket.recv(timeout=60))["deviceId"] == device.device_id


def test_after_a_log_out_its_socket_hears_no_more(person: Person) -> None:
    device = person.device()
    with connect(person.call("POST", "/live/ticket").body["url"]) as socket:
        assert person.call("POST", "/account/logout").status == 200
        assert device.call("POST", "/device/heartbeat").status == 200
        with pytest.raises((ConnectionClosed, TimeoutError)):
            socket.recv(timeout=2)


def test_feedback_is_taken_even_when_the_port_is_gone(household: Household) -> None:
    port_id, person = household.port_ids[0], household.person
    (event,) = person.call("GET", f"/phantom-event/list?portId={port_id}").body["events"]
    assert person.call("DELETE", f"/port/{port_id}").status == 200
    answer = person.call("POST", f"/phantom-event/{event['eventId']}/feedback", {"verdict": "wrong"})
    assert (answer.status, answer.body.get("event", {}).get("verdict")) == (200, "wrong"), answer


def test_a_released_device_is_out_at_once(household: Household, stranger: Person) -> None:
    device, person = household.device, household.person
    assert person.call("DELETE", f"/device/{device.device_id}").status == 200
    assert device.call("POST", "/device/heartbeat").status == 401
    assert person.call("GET", f"/port/{household.port_ids[1]}").status == 404
    answer = stranger.call("POST", "/device/register", {"deviceId": device.device_id})
    assert answer.status == 200
    assert stranger.call("GET", f"/device/{device.device_id}/data").body["data"] == []
    assert stranger.call("GET", f"/device/{device.device_id}").body["device"]["ports"] == []


def test_a_closed_account_is_out_at_once(person: Person, call: Call) -> None:
    device = person.device()
    ticket = person.call("POST", "/live/ticket").body["url"]
    assert person.close_account().status == 202
    assert person.call("GET", "/account").status == 401
    assert device.call("POST", "/device/heartbeat").status == 401
    assert call("POST", "/account/login", {"email": person.email, "password": person.password}).status == 401
    with pytest.raises(InvalidStatus), connect(ticket):
        pass
