"""The WebSocket's handlers: a ticket opens one socket, what a page says is taken, and a closed one is forgotten."""

from __future__ import annotations

import secrets
from typing import Any

from tests.conftest import Call, Person


def event(connection_id: str, route: str, **query: str) -> dict[str, Any]:
    """What API Gateway sends for a socket."""
    place = {"domainName": "localhost", "stage": "live", "apiId": "x", "routeKey": route, "connectionId": connection_id}
    return {"requestContext": place, "queryStringParameters": query or None, "body": "ping"}


def test_a_socket_opens_with_its_ticket_and_is_forgotten_when_closed(call: Call, person: Person) -> None:
    import app  # noqa: PLC0415 - the app reads its environment when it is imported
    from chalicelib.storage import connections, users  # noqa: PLC0415

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
