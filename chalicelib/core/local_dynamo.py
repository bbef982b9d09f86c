"""A client of a DynamoDB server on this machine: its JSON over kept connections, unsigned and without service models.

botocore looks up endpoints, signs, and parses by a model of the service. That is right for AWS; towards a server at a
loopback address it takes thirty times the CPU of the call itself. Time-outs, retries and errors are as botocore's.
"""

from __future__ import annotations

import base64
import random
import socket
import struct
import time
import uuid
import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3.util.connection
from botocore.exceptions import BotoCoreError, ClientError

API = "DynamoDB_20120810"
STREAMS_API = "DynamoDBStreams_20120810"
HEAD = (
    "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}\r\n"
    "X-Amz-Date: 20000101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
    "Credential=local/20000101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: "
)
"""Local servers ask for a signature, and look at none."""
RETRIED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Refusals after which the same call may succeed; so may one after a status from 500 on."""
LONGEST_PAUSE_SECONDS = 20.0
RECEIVED_AT_ONCE = 16 * 1024
"""Nearly all answers are shorter. Python makes room for so much before it receives; larger rooms are mapped and
unmapped by the system each time, and leave the process's memory full of holes."""
MORE_AT_ONCE = 128 * 1024
LENGTH = b"\r\ncontent-length:"
BINARY = (b'"B":', b'"BS":')


class Unreachable(BotoCoreError):
    """The server did not answer."""

    fmt = "The database at {address} does not answer: {error}"


class LocalClient:
    """Calls a server; any number of threads may do so at once.

    Args:
        url: Where it listens, http only.
        api: The API that is called, with its version.
        connect_seconds: Time-out of connecting.
        read_seconds: Time-out of an answer.
        attempts: How often a call is tried in all.

    Attributes:
        close: Closes the kept connections.
    """

    def __init__(
        self,
        url: str,
        *,
        api: str = API,
        connect_seconds: float = 1.0,
        read_seconds: float = 4.0,
        attempts: int = 4,
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._api = api
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._attempts = attempts
        self._idle: deque[socket.socket] = deque()
        self._heads: dict[str, bytes] = {}
        self.close = weakref.finalize(self, _close, self._idle)

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation, with binary values as bytes both ways.

        Raises:
            ClientError: The server refuses; its code is that of DynamoDB.
            Unreachable: It did not answer, tried again and again.
        """
        raw = self.call_raw(operation, arguments)
        answer: dict[str, Any] = msgspec.json.decode(raw)
        return _with_bytes(answer) if any(mark in raw for mark in BINARY) else answer

    _make_api_call = call
    """The name by which PynamoDB calls a client."""

    def call_raw(self, operation: str, arguments: Mapping[str, Any]) -> bytes:
        """Call an operation. Returns the JSON of its answer; raises as call does."""
        if operation == "TransactWriteItems" and "ClientRequestToken" not in arguments:
            arguments = {**arguments, "ClientRequestToken": str(uuid.uuid4())}  # the second try is the same transaction
        body = msgspec.json.encode(arguments)
        message = b"%s%d\r\n\r\n%s" % (self._head(operation), len(body), body)
        for attempt in range(1, self._attempts + 1):
            is_last = attempt == self._attempts
            try:
                status, answer = self._send(message)
            except OSError as error:
                if is_last:
                    raise Unreachable(address=self._address, error=error) from error
            else:
                if status == 200:  # noqa: PLR2004 - HTTP's own
                    return answer
                refusal = _refusal(status, answer, operation)
                if is_last or not (status >= 500 or refusal.response["Error"]["Code"] in RETRIED):  # noqa: PLR2004
                    raise refusal
            time.sleep(min(random.random() * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads retries
        raise AssertionError("unreachable")

    def _head(self, operation: str) -> bytes:
        head = self._heads.get(operation)
        if head is None:
            host = "{}:{}".format(*self._address)
            head = HEAD.format(host=host, target=f"{self._api}.{operation}").encode("ascii")
            self._heads[operation] = head
        return head

    def _send(self, message: bytes) -> tuple[int, bytes]:
        """Send on a kept connection, or on a new one if there is none or the server has closed it meanwhile."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            try:
                return self._exchange(connection, message)
            except TimeoutError:
                raise
            except OSError:  # it is from before the server's last start, and so are the others
                continue
        return self._exchange(self._connect(), message)

    def _connect(self) -> socket.socket:
        connection = urllib3.util.connection.create_connection(self._address, self._connect_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel keeps the time: a socket with Python's own time-out takes two more system calls an exchange.
        connection.settimeout(None)
        seconds, rest = divmod(self._read_seconds, 1)
        limit = struct.pack("@ll", int(seconds), int(rest * 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, limit)
        return connection

    def _exchange(self, connection: socket.socket, message: bytes) -> tuple[int, bytes]:
        """Send a request and receive its answer; the connection is kept then, and closed after any trouble."""
        try:
            connection.sendall(message)
            status, answer, is_kept = _receive(connection)
        except BlockingIOError as error:
            connection.close()
            raise TimeoutError(f"no answer in {self._read_seconds:g} s") from error
        except BaseException:
            connection.close()
            raise
        if is_kept:
            self._idle.append(connection)
        else:
            connection.close()
        return status, answer


def _close(connections: deque[socket.socket]) -> None:
    while connections:
        connections.pop().close()


def _receive(connection: socket.socket) -> tuple[int, bytes, bool]:
    """The status and the body of an answer, and whether the server keeps the connection open.

    Raises ConnectionError when it is no answer, or not a whole one.
    """
    received = _more(connection)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head = received[: end + 2].lower()
    where = head.find(LENGTH)
    if not head.startswith(b"http/1.1 ") or where < 0:
        raise ConnectionError("the server speaks another HTTP")
    length = int(head[where + len(LENGTH) : head.index(b"\r\n", where + 2)])
    body = received[end + 4 :]
    if len(body) < length:
        parts = [body]
        missing = length - len(body)
        while missing:
            parts.append(_more(connection, min(missing, MORE_AT_ONCE)))
            missing -= len(parts[-1])
        body = b"".join(parts)
    return int(head[9:12]), body, b"\r\nconnection: close" not in head


def _more(connection: socket.socket, most: int = RECEIVED_AT_ONCE) -> bytes:
    received = connection.recv(most)
    if not received:
        raise ConnectionResetError("the server has closed the connection")
    return received


def _refusal(status: int, answer: bytes, operation: str) -> ClientError:
    """The error that botocore makes of an answer like this."""
    try:
        said = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        said = {}
    error = {
        "Code": str(said.get("__type", status)).rpartition("#")[2],
        "Message": said.get("message") or said.get("Message") or "",
    }
    response = {**said, "Error": error, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}
    return ClientError(response, operation)  # type: ignore[arg-type]  # without the metadata that nobody reads


def _with_bytes(value: Any) -> Any:
    """An answer in which binary attribute values are bytes, not base64 text."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((kind, content),) = value.items()
            if kind == "B" and isinstance(content, str):
                return {kind: base64.b64decode(content)}
            if kind == "BS" and isinstance(content, list):
                return {kind: [base64.b64decode(text) for text in content]}
        return {name: _with_bytes(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_with_bytes(content) for content in value]
    return value
