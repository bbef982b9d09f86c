"""The WebSocket and its management API, over real connections, with handlers that note what they were given."""

from __future__ import annotations

import http
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from infra.local.emulator import websocket
from infra.local.emulator.clients import create_client
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.websocket import MAX_MESSAGE_BYTES, Connections, Live, LiveHandlers
from infra.local.runner.server import management_app
from tests.conftest import eventually
from tests.integration.local.conftest import Serve


@dataclass
class Noted:
    """What the handlers were given; `answer` is what $connect gives back."""

    events: list[dict[str, Any]] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: {"statusCode": 200})

    def note(self, event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ARG002 - Lambda fixes the arguments
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def kinds(self) -> list[str]:
        return [event["requestContext"]["routeKey"] for event in self.events]

    @property
    def connection_id(self) -> str:
        return str(self.events[0]["requestContext"]["connectionId"])


@dataclass
class Place:
    """Where the WebSocket and the management API are."""

    url: str
    management: Any
    noted: Noted


@pytest.fixture
def place(serve: Serve) -> Iterator[Place]:
    noted, connections = Noted(), Connections()
    live = Live(LiveHandlers(noted.note, noted.note, noted.note), connections)
    url = f"ws://127.0.0.1:{serve(Starlette(routes=[WebSocketRoute('/live', live)]))}/live"
    client = management(serve(management_app(connections, "prefix")), "prefix")
    yield Place(url, client, noted)
    client.close()


@pytest.fixture
def socket(place: Place) -> Iterator[Connection]:
    with connect(place.url + "?ticket=t&x=1&x=2") as opened:
        yield opened


def management(port: int, prefix: str) -> Any:
    return create_client("apigatewaymanagementapi", f"http://127.0.0.1:{port}/{prefix}")


def error_code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_connect_handler_gets_the_ticket_and_the_connections_id(place: Place, socket: Connection) -> None:
    event = place.noted.events[0]

    assert event["queryStringParameters"] == {"ticket": "t", "x": "2"}
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "2"]
    assert event["requestContext"]["eventType"] == "CONNECT"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert {"apiId", "stage", "domainName", "connectionId"} <= event["requestContext"].keys()


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"statusCode": 401}, 401), ({"statusCode": 403, "body": "no"}, 403), (RuntimeError("died"), 502)],
)
def test_a_connect_handler_that_refuses_or_dies_refuses_the_handshake(place: Place, answer: Any, status: int) -> None:
    place.noted.answer = answer

    with pytest.raises(InvalidStatus) as refused, connect(place.url):
        pytest.fail("it was let in")

    assert refused.value.response.status_code == http.HTTPStatus(status)
    assert place.noted.kinds() == ["$connect"]


def test_a_push_arrives(place: Place, socket: Connection) -> None:
    place.management.post_to_connection(ConnectionId=place.noted.connection_id, Data='{"type":"port","name":"é"}')

    assert socket.recv(10) == '{"type":"port","name":"é"}'


def test_pushes_arrive_in_order(place: Place, socket: Connection) -> None:
    for number in range(50):
        place.management.post_to_connection(ConnectionId=place.noted.connection_id, Data=str(number))

    assert [socket.recv(10) for _ in range(50)] == [str(number) for number in range(50)]


def test_what_the_client_says_reaches_the_message_handler(place: Place, socket: Connection) -> None:
    socket.send("ping")
    eventually(lambda: len(place.noted.events) == 2, "the message arrives")

    assert place.noted.events[1]["body"] == "ping"
    assert place.noted.kinds() == ["$connect", "$default"]


def test_a_message_handler_that_dies_does_not_end_the_connection(place: Place, socket: Connection) -> None:
    place.noted.answer = RuntimeError("died")
    socket.send("one")
    socket.send("two")

    eventually(lambda: place.noted.kinds() == ["$connect", "$default", "$default"], "both messages arrive")


def test_the_disconnect_handler_is_told_and_pushes_are_gone_then(place: Place, socket: Connection) -> None:
    socket.close()
    eventually(lambda: place.noted.kinds() == ["$connect", "$disconnect"], "the end is told")

    with pytest.raises(ClientError) as gone:
        place.management.post_to_connection(ConnectionId=place.noted.connection_id, Data="x")
    assert error_code(gone) == ("GoneException", 410)


def test_a_connection_that_never_was_is_gone(place: Place) -> None:
    with pytest.raises(ClientError) as gone:
        place.management.get_connection(ConnectionId="never")

    assert error_code(gone) == ("GoneException", 410)


def test_the_management_api_tells_of_a_connection_and_closes_it(place: Place, socket: Connection) -> None:
    told = place.management.get_connection(ConnectionId=place.noted.connection_id)
    place.management.delete_connection(ConnectionId=place.noted.connection_id)

    assert told["Identity"]["SourceIp"] == "127.0.0.1"
    assert told["ConnectedAt"] <= told["LastActiveAt"]
    with pytest.raises(ConnectionClosed):
        socket.recv(10)


def test_a_push_past_the_limit_is_refused(place: Place, socket: Connection) -> None:
    with pytest.raises(ClientError) as refused:
        place.management.post_to_connection(ConnectionId=place.noted.connection_id, Data="x" * (MAX_MESSAGE_BYTES + 1))

    assert error_code(refused) == ("PayloadTooLargeException", 413)


def test_a_client_that_says_too_much_at_once_is_closed(place: Place, socket: Connection) -> None:
    socket.send("x" * (MAX_MESSAGE_BYTES + 1))

    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(10)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1009


def test_a_connection_that_is_silent_for_too_long_is_closed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "IDLE_SECONDS", 0.1)
    with connect(place.url) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(10)

    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1001
    eventually(lambda: place.noted.kinds() == ["$connect", "$disconnect"], "the end is told")


def test_the_management_api_is_only_behind_its_secret_path(serve: Serve) -> None:
    port = serve(management_app(Connections(), "secret"))
    client = management(port, "guess")

    with pytest.raises(ClientError) as refused:
        client.get_connection(ConnectionId="x")
    client.close()

    assert error_code(refused)[1] == 404
