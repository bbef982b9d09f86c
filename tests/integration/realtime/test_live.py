"""The WebSocket's handlers: a ticket opens one socket, what a page says is taken, and a closed one is forgotten."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

import app
from chalicelib.accounts.session_store import load_session, save_session
from chalicelib.accounts.store import load_account
from chalicelib.core.settings import settings
from chalicelib.realtime import connections, store
from tests.conftest import Call, Person, now_ms


def event(connection_id: str, route: str, **query: str) -> dict[str, Any]:
    """What API Gateway sends for a socket."""
    place = {"domainName": "localhost", "stage": "live", "apiId": "x", "routeKey": route, "connectionId": connection_id}
    return {"requestContext": place, "queryStringParameters": query or None, "body": "ping"}


class Closed:
    """The management API: notes what it is asked to close."""

    def __init__(self) -> None:
        self.connection_ids: list[str] = []

    def delete_connection(self, ConnectionId: str) -> None:  # noqa: N803 - as botocore has it
        self.connection_ids.append(ConnectionId)

    def post_to_connection(self, **_: object) -> None:
        return


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Closed:
    """The connections that were closed from here on."""
    noted = Closed()
    monkeypatch.setattr(connections, "settings", lambda: replace(settings(), live_endpoint="http://127.0.0.1:9"))
    monkeypatch.setattr(connections, "_client", lambda: noted)
    return noted


def owner_of(person: Person) -> str:
    account = load_account(person.email)
    assert account is not None
    return account.user_id


def open_page(person: Person) -> str:
    """Open a dashboard with a ticket; returns its connection id."""
    ticket, connection_id = person.call("POST", "/live/ticket").body["ticket"], secrets.token_hex(8)
    assert app.live_connect(event(connection_id, "$connect", ticket=ticket), None)["statusCode"] == 200
    return connection_id


def test_past_fifty_pages_the_oldest_is_closed_and_the_newest_stays(
    person: Person, closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_DASHBOARDS", 3)
    owner_id, now = owner_of(person), now_ms() // 1_000
    for age in (30, 10, 20):
        store.save_connection(f"old-{age}", store.Dashboard(owner_id, "other", now + 60, opened_at=now - age))
    store.save_connection("of-a-stranger", store.Dashboard("stranger", "other", now + 60, opened_at=now - 99))
    newest = open_page(person)
    assert closed.connection_ids == ["old-30"]
    assert set(store.load_connections(owner_id)) == {"old-20", "old-10", newest}


def test_a_connection_of_before_times_were_kept_is_the_oldest(
    person: Person, closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_DASHBOARDS", 2)
    owner_id, now = owner_of(person), now_ms() // 1_000
    store.save_connection("kept", store.Dashboard(owner_id, "other", now + 60, opened_at=now - 99))
    store.ConnectionItem("bare", owner_id=owner_id, session_id="a1b2", expires_at=now + 60).save()
    assert store.load_connections(owner_id)["bare"].session_id == "a1b2"
    newest = open_page(person)
    assert closed.connection_ids == ["bare"]
    assert set(store.load_connections(owner_id)) == {"kept", newest}


def test_a_spent_refresh_token_ends_the_sockets_of_its_session(call: Call, person: Person, closed: Closed) -> None:
    credentials = {"email": person.email, "password": person.password}
    other = call("POST", "/account/login", credentials).body
    page, of_other = open_page(person), open_page(replace(person, token=other["sessionToken"]))
    for _ in range(2):
        call("POST", "/account/refresh", {"refreshToken": other["refreshToken"]})
    assert closed.connection_ids == [of_other]
    assert set(store.load_connections(owner_of(person))) == {page}


@pytest.mark.parametrize(
    ("method", "path", "body", "keeps"),
    [
        ("POST", "/account/logout", None, False),
        ("DELETE", "/account", {"currentPassword": "own"}, False),
        ("DELETE", "/account/sessions/own", None, False),
        ("PATCH", "/account", {"currentPassword": "own", "newPassword": "a longer phrase than before"}, True),
        ("DELETE", "/account/sessions", None, True),
    ],
)
def test_a_socket_ends_with_its_session(
    call: Call, person: Person, closed: Closed, method: str, path: str, body: dict[str, str] | None, keeps: bool
) -> None:
    other = call("POST", "/account/login", {"email": person.email, "password": person.password}).body["sessionToken"]
    pages = [open_page(person), open_page(replace(person, token=other))]
    (own,) = (s["sessionId"] for s in person.call("GET", "/account/sessions").body["sessions"] if s["current"])
    filled = {name: person.password if value == "own" else value for name, value in (body or {}).items()}
    assert person.call(method, path.replace("own", own), filled or None).status in (200, 202)
    mine_closed = pages[0] in closed.connection_ids
    assert mine_closed is not keeps
    assert (pages[1] in closed.connection_ids) is (keeps or path == "/account")


def test_a_session_that_ends_while_its_page_connects_leaves_no_socket(person: Person) -> None:
    ticket, connection_id = person.call("POST", "/live/ticket").body["ticket"], secrets.token_hex(8)
    person.call("POST", "/account/logout")
    assert app.live_connect(event(connection_id, "$connect", ticket=ticket), None)["statusCode"] == 401
    assert store.load_connections(owner_of(person)) == {}


def test_a_socket_lives_no_longer_than_its_session(person: Person, closed: Closed) -> None:
    (own,) = (s["sessionId"] for s in person.call("GET", "/account/sessions").body["sessions"] if s["current"])
    session, ends_at_ms = load_session(own), now_ms() + 60_000
    assert session is not None
    save_session(replace(session, expires_at_ms=ends_at_ms))
    page = open_page(person)
    assert store.load_connections(owner_of(person))[page].expires_at == ends_at_ms // 1_000
    store.save_connection(page, store.Dashboard(owner_of(person), own, now_ms() // 1_000 - 1))
    assert not connections.is_watching(owner_of(person))
    assert closed.connection_ids == [page]


def test_a_socket_opens_with_its_ticket_and_is_forgotten_when_closed(call: Call, person: Person) -> None:
    account = load_account(person.email)
    assert account is not None
    ticket, connection_id = person.call("POST", "/live/ticket").body["ticket"], secrets.token_hex(8)

    def is_open() -> bool:
        return connection_id in store.load_connections(account.user_id)

    opened, again = (app.live_connect(event(connection_id, "$connect", ticket=ticket), None) for _ in range(2))
    assert (opened["statusCode"], again["statusCode"]) == (200, 401)
    assert is_open()
    assert app.live_message(event(connection_id, "$default"), None)["statusCode"] == 200
    app.live_disconnect(event(connection_id, "$disconnect"), None)
    assert not is_open()
