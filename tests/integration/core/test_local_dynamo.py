"""The client of a local database server answers, refuses and tries again as botocore's does."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.local_dynamo import LocalClient
from infra.local.emulator.clients import create_client

TABLE = "ghostwatt-local-usage-hours"
"""A table without a stream: what is made up here is no reading, and other tests examine the stream of these."""
OK = b'{"Count":0}'


def answer(status: str, body: bytes, head: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nX-Made-Up: yes\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


@contextmanager
def server(connections: Sequence[Sequence[bytes | None]]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, connection by connection; None closes without one. Gives what it was sent."""
    received: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answers in connections:
            connection, _ = listening.accept()
            with connection:
                for said in answers:
                    message = connection.recv(65_536)
                    if not message:
                        break
                    received.append(message)
                    if said is None:
                        break
                    for part in (said[:20], said[20:]):
                        connection.sendall(part)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", received
    listening.close()
    thread.join(10)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)


def item(**more: Any) -> dict[str, Any]:
    keys = {"device_uid": {"S": secrets.token_hex(4)}, "usage_key": {"S": "made-up"}}
    return {**keys, "expires_at": {"N": "1"}, **more}


def calls(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls of each kind; the last ones are refused."""
    key = {name: made[name] for name in ("device_uid", "usage_key")}
    new = {"ConditionExpression": "attribute_not_exists(usage_key)"}
    yield "GetItem", {"TableName": TABLE, "Key": key}
    yield "PutItem", {"TableName": TABLE, "Item": made, "ReturnConsumedCapacity": "TOTAL"}
    yield "GetItem", {"TableName": TABLE, "Key": key, "ConsistentRead": True}
    yield (
        "Query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "device_uid = :0",
            "ExpressionAttributeValues": {":0": made["device_uid"]},
        },
    )
    yield "BatchGetItem", {"RequestItems": {TABLE: {"Keys": [key]}}}
    yield "PutItem", {"TableName": TABLE, "Item": made, **new}
    yield "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": TABLE, "Item": made, **new}}]}
    yield "GetItem", {"TableName": "ghostwatt-local-nothing", "Key": key}


def outcomes(call: Callable[[str, dict[str, Any]], Any], made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operation, arguments in calls(made):
        try:
            said = call(operation, arguments)
        except ClientError as error:
            said = {name: error.response.get(name) for name in ("Error", "CancellationReasons")}
        yield {name: content for name, content in said.items() if name != "ResponseMetadata"}


def test_every_call_is_answered_and_refused_as_botocore_does(database: str) -> None:
    values = {"watts": {"B": bytes(range(256))}, "nested": {"M": {"B": {"B": b"\0"}, "l": {"L": [{"B": b"x"}]}}}}
    made = item(**values)
    theirs = create_client("dynamodb", database)
    with closing(LocalClient(database)) as ours:
        by_ours = list(outcomes(ours.call, made))
    theirs.delete_item(TableName=TABLE, Key={name: made[name] for name in ("device_uid", "usage_key")})
    assert by_ours == list(outcomes(theirs._make_api_call, made))  # noqa: SLF001 - as PynamoDB calls it
    assert by_ours[2]["Item"] == made


def test_a_connection_is_used_again() -> None:
    with server([[answer("200 OK", OK)] * 3]) as (url, received), closing(LocalClient(url)) as client:
        assert [client.call("Query", {}) for _ in range(3)] == [{"Count": 0}] * 3
    assert len(received) == 3


def test_a_connection_that_the_server_has_closed_is_replaced_at_once() -> None:
    good = answer("200 OK", OK)
    with server([[good], [good]]) as (url, _), closing(LocalClient(url, attempts=1)) as client:
        assert client.call("Query", {}) == client.call("Query", {}) == {"Count": 0}


def test_a_connection_that_ends_with_its_answer_is_not_used_again() -> None:
    last = answer("200 OK", OK, "Connection: close\r\n")
    with server([[last], [last]]) as (url, _), closing(LocalClient(url, attempts=1)) as client:
        assert client.call("Query", {}) == client.call("Query", {}) == {"Count": 0}


def test_what_may_succeed_later_is_tried_again_and_a_transaction_is_the_same_one() -> None:
    throttled = b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slower"}'
    answers = [answer("503 Busy", b""), answer("400 Bad", throttled), None]
    with server([answers, [answer("200 OK", b"{}")]]) as (url, received), closing(LocalClient(url)) as client:
        assert client.call("TransactWriteItems", {"TransactItems": []}) == {}
    tokens = {json.loads(message.partition(b"\r\n\r\n")[2])["ClientRequestToken"] for message in received}
    assert len(received) == 4
    assert len(tokens) == 1


def test_a_refusal_is_not_tried_again() -> None:
    refused = b'{"__type":"x#ConditionalCheckFailedException","message":"no"}'
    with (
        server([[answer("400 Bad", refused)]]) as (url, received),
        closing(LocalClient(url)) as client,
        pytest.raises(ClientError) as error,
    ):
        client.call("PutItem", {})
    assert error.value.response["Error"] == {"Code": "ConditionalCheckFailedException", "Message": "no"}
    assert len(received) == 1


@pytest.mark.parametrize(
    "said",
    [None, b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}", answer("200 OK", OK)[:-1]],
    ids=["nothing", "another protocol", "no length", "half an answer"],
)
def test_what_is_no_whole_answer_counts_as_none(said: bytes | None) -> None:
    with server([[said]] * 2) as (url, received), pytest.raises(BotoCoreError, match="does not answer"):
        LocalClient(url, attempts=2).call("Query", {})
    assert len(received) == 2


def test_a_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BotoCoreError, match=r"no answer in 0\.1 s"):
            LocalClient(url, read_seconds=0.1, attempts=2).call("Query", {})
