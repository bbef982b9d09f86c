"""The WebSocket's handlers: a ticket opens one socket, what a page says is taken, and a closed one is forgotten."""

from __future__ import annotations

import secrets
from typing import Any

import app
from chalicelib.services.push import live
from chalicelib.storage import connections, users
from tests.conftest import Call, Person


def event(connection_id: str, route: str, **query: str) -> dict[str, Any]:
    """What API Gateway sends for a socket."""
    place = {"domainName": "localhost", "stage": "live", "apiId": "x", "routeKey": route, "connectionId": connection_id}
    return {"requestContext": place, "queryStringParameters": query or None, "body": "ping"}


def test_no_more_pages_are_opened_than_a_push_can_reach(person: Person) -> None:
    account = users.load(person.email)
    assert account is not None
    dashboard = connections.Dashboard(account.user_id, "session", expires_at=2**31)
    for _ in range(live.MAX_DASHBOARDS):
        connections.add(secrets.token_hex(8), dashboard)
    refused = person.call("POST", "/live/ticket")
    assert (refused.status, refused.body["code"]) == (429, "too_many_pages")


def test_a_socket_opens_with_its_ticket_and_is_forgotten_when_closed(call: Call, person: Person) -> None:
    account = users.load(person.email)
    assert account is not None
    ticket, connection_id = person.call("POST", "/live/ticket").body["ticket"], secrets.token_hex(8)

    def is_open() -> bool:
        return connection_id in connections.of_owner(account.user_id)

    opened, again = (app.live_connect(event(connection_id, "$connect", ticket=ticket), None) for _ in range(2))
    assert (opened["statusCode"], again["statusCode"]) == (200, 401)
    assert is_open()
    assert app.live_message(event(connection_id, "$default"), None)["statusCode"] == 200
    app.live_disconnect(event(connection_id, "$disconnect"), None)
    assert not is_open()
