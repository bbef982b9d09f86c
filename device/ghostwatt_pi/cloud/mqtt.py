"""The cloud over MQTT: the same calls as http.py, answered by messages on the device's commands topic.

The broker's acknowledgement (PUBACK) only means that the broker has a message. The message with its batchId answers a
batch, the one with its sentAtMs a heartbeat. Every other device reply is a push: the cloud has changed a relay command.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Self

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused, RateLimited, Refused, parsing
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.cloud.mqtt_connection import Broker, ConnectionClosed, MqttConnection, Signal
from ghostwatt_pi.schemas import (
    BatchReply,
    DeviceReply,
    Json,
    RelayReport,
    heartbeat_body,
    parse_batch_reply,
    parse_reply,
)

ANSWER_SECONDS = 30.0
"""After this a call has failed, and the same batch is sent again. A cloud that starts cold answers in some seconds."""
MAX_MESSAGE_BYTES = 128 * 1024
"""AWS IoT Core's limit. 500 readings are at most 115 KB."""
KEY_CODE = "bad_device_key"
RATE_LIMITED_CODE = "too_many_requests"
REFUSALS = {
    "bad_json": HTTPStatus.BAD_REQUEST,
    "empty_body": HTTPStatus.BAD_REQUEST,
    "batch_conflict": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Codes of a final refusal, and their HTTP status. After any other failure the next attempt may succeed."""


class MqttClient:
    """The cloud behind `broker`, for the device `device_id`.

    A connection is kept while it lasts. After it broke, the next call opens a new one, so that the agent decides how
    often to try. `http` is the same cloud: it says whether the key is refused when the broker only hangs up. Use an
    instance in one thread, and in a `with` statement, which closes its connections.
    """

    def __init__(
        self, broker: Broker, device_id: str, http: HttpClient, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.clock = http.clock
        self._broker, self._device_id, self._http = broker, device_id, http
        self._answer_seconds = answer_seconds
        self._connection: MqttConnection | None = None
        self._pushed: list[DeviceReply] = []
        self._wake: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._disconnect()
        self._http.__exit__(*exception)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from another thread, when there may be something in `pushed`."""
        self._wake = wake

    def pushed(self) -> Sequence[DeviceReply]:
        """Return the replies pushed since the last call. Raises CloudAway when the connection was lost."""
        try:
            while self._connection and (received := self._connection.receive()) is not None:
                self._keep(_decoded(received))
        except CloudAway:
            self._disconnect()
            raise
        pushed, self._pushed = self._pushed, []
        return pushed

    def heartbeat(self, api_key: str, reports: Sequence[RelayReport], dropped_readings: int = 0) -> DeviceReply:
        """Report that the device lives, as over HTTP. Raises KeyRefused, Refused, CloudAway."""
        connection, called_ms = self._signed_in(api_key), self.clock.timer.since_boot_ms()
        answer = self._ask(connection, heartbeat_body(self.clock.now_ms(), reports, dropped_readings), "sentAtMs")
        with parsing():
            return self._learn(parse_reply(answer), called_ms)

    def send_batch(self, api_key: str, batch: Batch) -> BatchReply:
        """Send a batch, as over HTTP; only its own answer counts. Raises KeyRefused, Refused, CloudAway."""
        connection, called_ms = self._signed_in(api_key), self.clock.timer.since_boot_ms()
        answer = self._ask(connection, batch.to_json(self.clock.now_ms()), "batchId")
        with parsing():
            reply = parse_batch_reply(answer, len(batch.readings))
            self._learn(reply.reply, called_ms)
            return reply

    def _learn(self, reply: DeviceReply, called_ms: int) -> DeviceReply:
        self.clock.learn(reply.server_time_ms, called_ms, self.clock.timer.since_boot_ms())
        return reply

    def _ask(self, connection: MqttConnection, body: Json, key: str) -> Json:
        """Publish a body and return its answer, which has the same value under `key`."""
        payload = json.dumps(body, separators=(",", ":")).encode()
        if len(payload) > MAX_MESSAGE_BYTES:
            raise Refused("the batch is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        try:
            while (received := connection.receive()) is not None:  # it came before this call
                self._keep(_decoded(received))
            connection.publish(payload)
            answer = self._answer(connection, key, body[key])
        except CloudAway:
            self._disconnect()  # a late answer must not be is_acknowledged for the next call's
            raise
        return _checked(answer)

    def _answer(self, connection: MqttConnection, key: str, value: object) -> Json:
        """Wait for the answer and for the broker's acknowledgement."""
        deadline = time.monotonic() + self._answer_seconds
        answer, is_acknowledged = None, False
        while answer is None or not is_acknowledged:
            received = connection.receive(deadline - time.monotonic())
            if received is None:
                raise CloudAway(f"no answer within {self._answer_seconds:g} s")
            message = _decoded(received)
            is_acknowledged = is_acknowledged or received is Signal.PUBACK
            if answer is None and message is not None and _answers(message, key, value):
                answer = message
            else:
                self._keep(message)
        return answer

    def _signed_in(self, api_key: str) -> MqttConnection:
        if self._connection and self._connection.api_key != api_key:
            self._disconnect()
        if self._connection is None:
            connection = MqttConnection(self._broker, self._device_id, api_key, self._wake)
            try:
                connection.open()
            except ConnectionClosed:
                connection.close()
                self._http.heartbeat(api_key, [])  # raises KeyRefused if that is why
                raise
            except (CloudAway, KeyRefused):
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _keep(self, message: Json | None) -> None:
        """Keep a device reply that answers no call (any more): it still has the relay commands."""
        if message is None:
            return
        try:
            self._pushed.append(parse_reply(message))
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # not a reply but a failure, of a call that was given up or of another client of this device


def _decoded(received: bytes | Signal) -> Json | None:
    """Return a message's JSON object; None if it has none."""
    if isinstance(received, Signal):
        return None
    try:
        message = json.loads(received)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _answers(message: Json, key: str, value: object) -> bool:
    """Whether a message answers the call; a failure that names no batch is a heartbeat's."""
    failed_beat = key == "sentAtMs" and message.get("success") is not True and "batchId" not in message
    return message.get(key) == value or failed_beat


def _checked(answer: Json) -> Json:
    if answer.get("success") is True:
        return answer
    code, message = str(answer.get("code")), str(answer.get("error") or "the cloud refuses")
    if code == KEY_CODE:
        raise KeyRefused(message)
    if code in REFUSALS:
        raise Refused(message, REFUSALS[code], code, answer.get("field"))
    if code == RATE_LIMITED_CODE:
        raise RateLimited(message, _seconds(answer.get("retryAfterSeconds")))
    raise CloudAway(message)


def _seconds(message: object) -> float | None:
    return float(message) if isinstance(message, int | float) and 0 <= message < math.inf else None
