"""One connection to an MQTT broker: paho's thread receives, and the agent's thread takes what was received."""

from __future__ import annotations

import queue
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from socket import SHUT_RDWR, socket
from typing import cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused

KEEP_ALIVE_SECONDS = 30
"""A broker that is gone without a goodbye is noticed after one and a half of these."""
SIGN_IN_SECONDS = 15.0
GOODBYE_SECONDS = 1.0
ALPN_PORT = 443
"""On this port AWS IoT Core tells MQTT from HTTPS by the protocol name `mqtt` in TLS."""
KEY_REFUSALS = frozenset({134, 135})
"""Bad user name or password, and not authorized: 4 and 5 of MQTT 3.1.1 in paho's numbers."""


class ConnectionClosed(CloudAway):
    """The broker closed the connection instead of answering the sign-in, as some do for a bad key."""


class Signal(Enum):
    """What can be received besides messages."""

    PUBACK = "the broker has acknowledged a message"
    ENDED = "the connection is over"


@dataclass(frozen=True)
class Broker:
    """The address of a broker.

    With TLS its certificate is verified: against the certificate authority in `ca_file`, without one against the
    system's.
    """

    host: str
    port: int
    tls: bool
    ca_file: str = ""

    @property
    def url(self) -> str:
        """For people."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class MqttConnection:
    """A device's connection: it signs in with the key, publishes to the data topic and receives the commands topic.

    The session is clean and repeats nothing by itself: the agent sends again what is not answered. `wake` is called
    from paho's thread whenever there is something to receive.
    """

    def __init__(self, broker: Broker, device_id: str, api_key: str, wake: Callable[[], None]) -> None:
        self.api_key = api_key
        self._broker, self._wake = broker, wake
        self._data_topic, self._commands_topic = f"iot/devices/{device_id}/data", f"iot/devices/{device_id}/commands"
        self._answers: queue.SimpleQueue[ReasonCode | None] = queue.SimpleQueue()  # to sign-in and subscription
        self._received: queue.SimpleQueue[bytes | Signal] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._client = self._make_client(device_id, api_key)

    def open(self) -> None:
        """Sign in and subscribe. Raises KeyRefused, ConnectionClosed, CloudAway."""
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEP_ALIVE_SECONDS)
        except OSError as error:
            raise CloudAway(type(error).__name__) from error  # the name says enough for a journal's line
        self._client.loop_start()
        deadline = time.monotonic() + SIGN_IN_SECONDS
        code = self._answer(deadline)
        if code.value in KEY_REFUSALS:
            raise KeyRefused(str(code))
        if code.is_failure:
            raise CloudAway(f"the broker refuses: {code}")
        self._client.subscribe(self._commands_topic, qos=1)
        if self._answer(deadline).is_failure:
            raise CloudAway("the broker does not let this device listen to its commands")

    def publish(self, payload: bytes) -> None:
        """Publish with QoS 1; PUBACK is received when the broker has it. Raises CloudAway."""
        if self._client.publish(self._data_topic, payload, qos=1).rc:
            raise CloudAway("the connection to the broker is lost")

    def receive(self, seconds: float = 0.0) -> bytes | Signal | None:
        """Return the next message or PUBACK; None if none comes in time. Raises CloudAway."""
        try:
            received = self._received.get(timeout=max(0.0, seconds)) if seconds > 0 else self._received.get_nowait()
        except queue.Empty:
            return None
        if received is Signal.ENDED:
            raise CloudAway("the connection to the broker is lost")
        return received

    def close(self) -> None:
        """Say goodbye if the broker still listens, and close the connection."""
        self._client.disconnect()
        if self._client.socket() is not None:
            self._ended.wait(GOODBYE_SECONDS)
        if (connection := self._client.socket()) is not None:
            with suppress(OSError):
                cast("socket", connection).shutdown(SHUT_RDWR)  # else paho waits for a peer that is gone
        self._client.loop_stop()

    def _answer(self, deadline: float) -> ReasonCode:
        try:
            code = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise CloudAway("the broker does not answer") from None
        if code is None:
            raise ConnectionClosed("the broker hung up")
        return code

    def _make_client(self, device_id: str, api_key: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=device_id, reconnect_on_failure=False)
        client.username_pw_set(device_id, api_key)
        if self._broker.tls:
            client.tls_set_context(_tls(self._broker))
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_message, client.on_publish, client.on_disconnect = (
            self._message,
            self._acknowledged,
            self._disconnected,
        )
        return client

    def _connected(self, _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: object) -> None:
        self._answers.put(code)

    def _subscribed(self, _client: Client, _data: object, _id: int, codes: list[ReasonCode], _: object) -> None:
        self._answers.put(codes[0])

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._put(bytes(message.payload))

    def _acknowledged(self, _client: Client, _data: object, _id: int, _code: ReasonCode, _: Properties) -> None:
        self._put(Signal.PUBACK)

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, _code: ReasonCode, _: object
    ) -> None:
        self._ended.set()
        self._answers.put(None)
        self._put(Signal.ENDED)

    def _put(self, received: bytes | Signal) -> None:
        self._received.put(received)
        self._wake()


def _tls(broker: Broker) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=broker.ca_file or None)
    if broker.port == ALPN_PORT:
        context.set_alpn_protocols(["mqtt"])
    return context
