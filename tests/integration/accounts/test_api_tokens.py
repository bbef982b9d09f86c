"""API tokens through the real entry: what each scope opens, what not, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.accounts import api_tokens
from chalicelib.accounts.api_tokens import MAX_TOKENS, USE_PRECISION_MS, authenticate_api_token, create_api_token
from chalicelib.accounts.session_store import SessionItem, load_session, remove_session, save_session_use
from chalicelib.accounts.sessions import authenticate_session
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.times import DAY_MS
from chalicelib.realtime.connections import is_watching
from chalicelib.realtime.tickets import open_dashboard
from tests.conftest import Answered, Call, Person, now_ms
from tests.contract.openapi import Operation, operations


@pytest.fixture
def made(person: Person) -> Any:
    """The answer to a person who makes a token."""
    answer = person.call("POST", "/account/token", {"name": "Grafana"})
    assert answer.status == 201
    return answer.body


@pytest.mark.parametrize("header", ["x_session_token", "Authorization"])
def test_it_reads_by_either_header(call: Call, person: Person, made: Any, header: str) -> None:
    device = person.device()
    value = made["token"] if header == "x_session_token" else f"Bearer {made['token']}"
    (seen,) = call("GET", "/device/list", **{header: value}).body["devices"]
    assert seen["deviceId"] == device.device_id


READS = {
    "GET /device/list",
    "GET /devices",
    "GET /device/{deviceId}",
    "GET /device/{deviceId}/data",
    "GET /port/list",
    "GET /port/{portId}",
    "GET /port/{portId}/history",
    "GET /port/{portId}/energy",
    "GET /port/{portId}/detector",
    "GET /energy",
    "GET /always-on",
    "GET /savings",
    "GET /savings/what-if",
    "GET /phantom-event/list",
    "GET /notification/list",
}
"""All that a token with the scope read may call: whoever adds a route says that it tells nothing of the account."""
CONTROLS = {"POST /port/{portId}/switch", "POST /phantom-event/{eventId}/feedback", "POST /live/ticket"}
"""What a token with the scope control may call beside that."""


@pytest.fixture
def control(person: Person) -> str:
    """A token of the person that controls."""
    answer = person.call("POST", "/account/token", {"name": "Home Assistant", "scope": "control"})
    assert (answer.status, answer.body["scope"]) == (201, "control")
    token: str = answer.body["token"]
    return token


@pytest.fixture
def session_routes(call: Call) -> list[Operation]:
    """All routes that a person's log-in opens."""
    found = [route for route in operations(call("GET", "/openapi.json").body) if "session" in route.schemes]
    assert len(found) > 40
    return found


@pytest.mark.parametrize("scope", ["read", "control"])
def test_a_token_opens_the_routes_of_its_scope_and_no_other(
    call: Call, made: Any, control: str, session_routes: list[Operation], scope: str
) -> None:
    token, allowed = (made["token"], READS) if scope == "read" else (control, READS | CONTROLS)
    ids = dict.fromkeys(("deviceId", "portId", "eventId", "exportId", "sessionId", "userCode"), "nothing")
    opened = set()
    for route in session_routes:
        answer = call(route.method, route.url(ids), {}, x_session_token=token)
        refused = answer.status == 403 and answer.body["code"] in ("read_only", "out_of_scope")
        opened |= set() if refused else {str(route)}
    assert opened == allowed


def test_the_document_says_what_each_scope_opens(session_routes: list[Operation]) -> None:
    assert {str(route) for route in session_routes if "readToken" in route.schemes} == READS
    assert {str(route) for route in session_routes if "controlToken" in route.schemes} == CONTROLS


def test_a_token_that_controls_switches_an_outlet_and_opens_the_live_socket(
    call: Call, person: Person, control: str
) -> None:
    port = person.port(person.device(), policy="cut")
    switched = call("POST", f"/port/{port['portId']}/switch", {"state": "off"}, x_session_token=control)
    assert (switched.status, switched.body["relay"]["desired"]) == (200, "off")
    ticket = call("POST", "/live/ticket", {}, x_session_token=control)
    assert ticket.status == 200
    open_dashboard("of-a-token", ticket.body["ticket"], now_ms())
    assert is_watching(authenticate_api_token(control, now_ms()).user_id)


def test_it_is_listed_with_its_scope(person: Person, made: Any, control: str) -> None:
    listed = person.call("GET", "/account/sessions").body["sessions"]
    assert sorted((part["scope"], part["name"]) for part in listed if part["name"]) == [
        ("control", "Home Assistant"),
        ("read", "Grafana"),
    ]


def test_a_token_stored_before_there_were_scopes_reads_and_does_no_more(call: Call, made: Any) -> None:
    SessionItem(made["sessionId"]).update(actions=[SessionItem.scope.remove()])
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 200
    assert call("POST", "/live/ticket", {}, x_session_token=made["token"]).status == 403


def test_an_unknown_scope_is_named(person: Person) -> None:
    answer = person.call("POST", "/account/token", {"name": "x", "scope": "all"})
    assert (answer.status, answer.body["field"]) == (422, "scope")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/notification/settings", None),
        ("GET", "/export/export-1", None),
        ("GET", "/device/claim/BCDF-GHJK", None),
        ("POST", "/device/register", {"deviceId": "GW-0123456789"}),
        ("PATCH", "/account", {"currency": "EUR"}),
        ("POST", "/account/token", {"name": "Another"}),
        ("POST", "/live/ticket", None),
        ("POST", "/account/logout", None),
        ("DELETE", "/account/sessions", None),
        ("DELETE", "/account", None),
        ("GET", "/account", None),
        ("GET", "/account/sessions", None),
    ],
)
def test_it_changes_nothing_and_tells_nothing_of_the_account(
    call: Call, made: Any, method: str, path: str, body: Any
) -> None:
    answer = call(method, path, body, x_session_token=made["token"])
    assert (answer.status, answer.body["code"]) == (403, "read_only")
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 200


def test_it_reads_nothing_of_others(call: Call, person: Person, stranger: Person) -> None:
    port = person.port(person.device())
    token = stranger.call("POST", "/account/token", {"name": "Grafana"}).body["token"]
    assert call("GET", f"/port/{port['portId']}", x_session_token=token).status == 404


def test_it_is_listed_by_its_name_and_never_shown_again(person: Person, made: Any) -> None:
    answer = person.call("GET", "/account/sessions")
    (listed,) = (part for part in answer.body["sessions"] if part["scope"] == "read")
    assert (listed["name"], listed["sessionId"], listed["current"]) == ("Grafana", made["sessionId"], False)
    assert made["token"] not in str(answer.body)
    assert [part["name"] for part in answer.body["sessions"] if part["scope"] == "all"] == [None]


def test_its_secret_is_not_stored(made: Any) -> None:
    stored = load_session(made["sessionId"])
    assert stored
    assert made["token"].rpartition(".")[2] not in str(stored)


def test_it_ends_when_its_owner_says_so_and_only_then(call: Call, person: Person, stranger: Person, made: Any) -> None:
    path = f"/account/sessions/{made['sessionId']}"
    assert stranger.call("DELETE", path).status == 404
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 200
    assert person.call("DELETE", path).status == 200
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 401
    assert person.call("DELETE", path).status == 404


@pytest.mark.parametrize("way", ["others", "password", "account"])
def test_it_ends_with_all_other_sessions(call: Call, person: Person, made: Any, way: str) -> None:
    new_password = {"currentPassword": person.password, "newPassword": "correct horse"}
    acts: dict[str, Callable[[], Answered]] = {
        "others": lambda: person.call("DELETE", "/account/sessions"),
        "account": person.close_account,
        "password": lambda: person.call("PATCH", "/account", new_password),
    }
    ended = acts[way]()
    assert ended.status in (200, 202)
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 401


def test_one_that_the_index_hid_when_its_account_was_closed_opens_nothing(
    person: Person, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_tokens, "has_account", lambda _: False)
    with pytest.raises(Unauthenticated):
        authenticate_api_token(made["token"], now_ms())


def test_it_lasts_as_long_as_was_asked(person: Person) -> None:
    at_ms = now_ms()
    session = authenticate_session(person.token, at_ms)
    issued, token = create_api_token(session, "Grafana", "read", 30, at_ms)
    assert issued.expires_at_ms == at_ms + 30 * DAY_MS
    assert authenticate_api_token(token, issued.expires_at_ms - 1)
    with pytest.raises(Unauthenticated):
        authenticate_api_token(token, issued.expires_at_ms)


def test_its_last_use_is_known_to_a_day(person: Person) -> None:
    at_ms = now_ms()
    issued, token = create_api_token(authenticate_session(person.token, at_ms), "Grafana", "read", 30, at_ms)

    def last_used_at_ms() -> int | None:
        stored = load_session(issued.session_id)
        return stored.last_used_at_ms if stored else None

    authenticate_api_token(token, at_ms + USE_PRECISION_MS - 1)
    assert last_used_at_ms() == at_ms
    authenticate_api_token(token, at_ms + USE_PRECISION_MS)
    assert last_used_at_ms() == at_ms + USE_PRECISION_MS


def test_a_use_does_not_bring_back_what_has_ended(made: Any) -> None:
    remove_session(made["sessionId"])
    save_session_use(made["sessionId"], now_ms())
    assert load_session(made["sessionId"]) is None


@pytest.mark.parametrize("strip", ["gwr.", ""])
def test_it_refreshes_nothing_and_trying_does_not_end_it(call: Call, made: Any, strip: str) -> None:
    answer = call("POST", "/account/refresh", {"refreshToken": made["token"].removeprefix(strip)})
    assert (answer.status, answer.body["code"]) == (401, "bad_session")
    assert call("GET", "/device/list", x_session_token=made["token"]).status == 200


def test_a_refresh_token_is_no_api_token(call: Call) -> None:
    body = {"email": f"{now_ms()}@example.org", "password": "correct horse"}
    refresh_token = call("POST", "/account/signup", body).body["refreshToken"]
    for token in (refresh_token, f"gwr.{refresh_token}"):
        assert call("GET", "/device/list", x_session_token=token).status == 401


def test_a_guess_opens_nothing(call: Call, made: Any) -> None:
    guess = made["token"][:-1] + ("A" if made["token"][-1] != "A" else "B")
    assert call("GET", "/device/list", x_session_token=guess).status == 401


@pytest.mark.parametrize(
    ("body", "field"), [({}, "name"), ({"name": ""}, "name"), ({"name": "x", "expiresInDays": 0}, "expiresInDays")]
)
def test_what_is_wrong_is_named(person: Person, body: Any, field: str) -> None:
    answer = person.call("POST", "/account/token", body)
    assert (answer.status, answer.body["field"]) == (422, field)


def test_there_is_an_end_to_tokens_until_one_is_ended(person: Person) -> None:
    made = [person.call("POST", "/account/token", {"name": str(number)}) for number in range(MAX_TOKENS)]
    assert {answer.status for answer in made} == {201}
    refused = person.call("POST", "/account/token", {"name": "one more"})
    assert (refused.status, refused.body["code"]) == (409, "too_many_tokens")
    person.call("DELETE", f"/account/sessions/{made[0].body['sessionId']}")
    assert person.call("POST", "/account/token", {"name": "one more"}).status == 201


@pytest.mark.parametrize(("days", "status"), [(400, 201), (401, 422)])
def test_a_token_that_lives_over_400_days_needs_the_password(person: Person, days: int, status: int) -> None:
    answer = person.call("POST", "/account/token", {"name": "Grafana", "expiresInDays": days})
    assert answer.status == status
    assert status == 201 or (answer.body["code"], answer.body["field"]) == ("required", "currentPassword")
    body = {"name": "Grafana", "expiresInDays": days, "currentPassword": person.password}
    assert person.call("POST", "/account/token", body).status == 201


@pytest.mark.parametrize("days", [30, 3650])
def test_a_wrong_password_makes_no_token(person: Person, days: int) -> None:
    body = {"name": "Grafana", "expiresInDays": days, "currentPassword": "wrong horse"}
    answer = person.call("POST", "/account/token", body)
    assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "wrong_password", "currentPassword")
    assert [part["scope"] for part in person.call("GET", "/account/sessions").body["sessions"]] == ["all"]
