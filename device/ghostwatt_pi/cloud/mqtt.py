"""The cloud by MQTT: the same calls as http.py, answered by messages on the device's commands topic.

The broker's own acknowledgement means only that it has a message. A batch is answered by the message with its batchId,
a heartbeat by the one with its sentAtMs. Every other device reply is a push: the cloud has changed its mind about a
relay.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Self

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.cloud.bodies import batch_body, heartbeat_body
from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused, RateLimited, Refused, parsing
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.cloud.mqtt_connection import Broker, ConnectionClosed, MqttConnection, Signal
from ghostwatt_pi.schemas import BatchReply, DeviceReply, Json, RelayReport, parse_batch_reply, parse_reply

ANSWER_SECONDS = 30.0
"""Past it a call has failed, and the same batch is sent again. A cloud that starts cold answers in a few seconds."""
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
"""The cloud's words for no, and what HTTP would call them; any other failure may be over at the next attempt."""


class MqttClient:
    """The cloud behind `broker`, for the device `device_id`; `http` is the same cloud, asked where a broker is mute.

    One connection is kept while it holds; the next call after it broke makes a new one, so that the pace of trying is
    the agent's. One instance belongs to one thread; used with `with`, its connections are closed at the end.
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
        """What the cloud said unasked since the last time. Raises CloudAway when the connection was lost."""
        try:
            while self._connection and (heard := self._connection.receive()) is not None:
                self._keep(_decoded(heard))
        except CloudAway:
            self._disconnect()
            raise
        pushed, self._pushed = self._pushed, []
        return pushed

    def heartbeat(self, api_key: str, reports: Sequence[RelayReport], dropped_readings: int = 0) -> DeviceReply:
        """Say that the device lives, as over HTTP. Raises KeyRefused, Refused, CloudAway."""
        connection, called_ms = self._signed_in(api_key), self.clock.timer.since_boot_ms()
        answer = self._ask(connection, heartbeat_body(self.clock, reports, dropped_readings), "sentAtMs")
        with parsing():
            return self._learn(parse_reply(answer), called_ms)

    def send_batch(self, api_key: str, batch: Batch) -> BatchReply:
        """Send a batch, as over HTTP; only its own answer counts. Raises KeyRefused, Refused, CloudAway."""
        connection, called_ms = self._signed_in(api_key), self.clock.timer.since_boot_ms()
        answer = self._ask(connection, batch_body(self.clock, batch), "batchId")
        with parsing():
            reply = parse_batch_reply(answer, len(batch.readings))
            self._learn(reply.reply, called_ms)
            return reply

    def _learn(self, reply: DeviceReply, called_ms: int) -> DeviceReply:
        self.clock.learn(reply.server_time_ms, called_ms, self.clock.timer.since_boot_ms())
        return reply

    def _ask(self, connection: MqttConnection, body: Json, key: str) -> Json:
        """Say something; its answer has the same value under this key."""
        payload = json.dumps(body, separators=(",", ":")).encode()
        if len(payload) > MAX_MESSAGE_BYTES:
            raise Refused("the batch is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        try:
            while (heard := connection.receive()) is not None:  # it came before the call, so it is no answer
                self._keep(_decoded(heard))
            connection.publish(payload)
            answer = self._answer(connection, key, body[key])
        except CloudAway:
            self._disconnect()  # a late answer must not be taken for the next call's
            raise
        return _checked(answer)

    def _answer(self, connection: MqttConnection, key: str, value: object) -> Json:
        """The answer, once the broker also has what was said. A failure that names no batch is a heartbeat's."""
        deadline = time.monotonic() + self._answer_seconds
        answer, taken = None, False
        while answer is None or not taken:
            heard = connection.receive(deadline - time.monotonic())
            if heard is None:
                raise CloudAway(f"no answer within {self._answer_seconds:g} s")
            said = _decoded(heard)
            taken = taken or heard is Signal.PUBACK
            if answer is None and said is not None and _answers(said, key, value):
                answer = said
            else:
                self._keep(said)
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
                self._http.heartbeat(api_key, [])  # it says whether it is for the key
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

    def _keep(self, said: Json | None) -> None:
        """A device reply that answers nothing (any more) still says what is wanted of the relays."""
        if said is None:
            return
        try:
            self._pushed.append(parse_reply(said))
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # a failure: it is about a call that was given up, or another client's of this device


def _decoded(heard: bytes | Signal) -> Json | None:
    """A message's JSON object, None if it has none."""
    if isinstance(heard, Signal):
        return None
    try:
        said = json.loads(heard)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _answers(said: Json, key: str, value: object) -> bool:
    failed_beat = key == "sentAtMs" and said.get("success") is not True and "batchId" not in said
    return said.get(key) == value or failed_beat


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


def _seconds(said: object) -> float | None:
    return float(said) if isinstance(said, int | float) and 0 <= said < math.inf else None
