"""One connection to an MQTT broker: paho's thread hears, the agent's thread asks what was heard."""

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
"""A broker that is gone without a word is noticed after one and a half of these."""
SIGN_IN_SECONDS = 15.0
GOODBYE_SECONDS = 1.0
ALPN_PORT = 443
"""AWS IoT Core tells MQTT from HTTPS there by the protocol name `mqtt` in TLS."""
KEY_REFUSALS = frozenset({134, 135})
"""Bad user name or password, not authorized: 4 and 5 of MQTT 3.1.1, as paho numbers them."""


class ConnectionClosed(CloudAway):
    """The broker closed the connection instead of answering the sign-in. It may do so with a bad key too."""


class Signal(Enum):
    """What is heard besides messages."""

    PUBACK = "the broker has what was said"
    ENDED = "the connection is over"


@dataclass(frozen=True)
class Broker:
    """Where a broker is. With TLS its certificate is verified against the system's authorities."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """For people."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class MqttConnection:
    """A connection of the device that signs in with this key: says on its data topic, hears on its commands topic.

    The session is a clean one, and nothing is said twice by itself: what is not answered the agent sends again.
    `wake` is called from paho's thread whenever there is something to hear.
    """

    def __init__(self, broker: Broker, device_id: str, api_key: str, wake: Callable[[], None]) -> None:
        self.api_key = api_key
        self._broker, self._wake = broker, wake
        self._says, self._hears = f"iot/devices/{device_id}/data", f"iot/devices/{device_id}/commands"
        self._answers: queue.SimpleQueue[ReasonCode | None] = queue.SimpleQueue()  # to sign-in and subscription
        self._heard: queue.SimpleQueue[bytes | Signal] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._client = self._make_client(device_id, api_key)

    def open(self) -> None:
        """Sign in and listen. Raises KeyRefused, HungUp, CloudAway."""
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
        self._client.subscribe(self._hears, qos=1)
        if self._answer(deadline).is_failure:
            raise CloudAway("the broker does not let this device listen to its commands")

    def publish(self, payload: bytes) -> None:
        """Publish, at least once; TAKEN is heard when the broker has it. Raises CloudAway."""
        if self._client.publish(self._says, payload, qos=1).rc:
            raise CloudAway("the connection to the broker is lost")

    def receive(self, seconds: float = 0.0) -> bytes | Signal | None:
        """The next message or TAKEN, None if none comes in time. Raises CloudAway when the connection is over."""
        try:
            heard = self._heard.get(timeout=max(0.0, seconds)) if seconds > 0 else self._heard.get_nowait()
        except queue.Empty:
            return None
        if heard is Signal.ENDED:
            raise CloudAway("the connection to the broker is lost")
        return heard

    def close(self) -> None:
        """Say goodbye if the broker still hears, and end."""
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
            client.tls_set_context(_tls(self._broker.port))
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_message, client.on_publish, client.on_disconnect = self._message, self._taken, self._disconnected
        return client

    def _connected(self, _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: object) -> None:
        self._answers.put(code)

    def _subscribed(self, _client: Client, _data: object, _id: int, codes: list[ReasonCode], _: object) -> None:
        self._answers.put(codes[0])

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._put(bytes(message.payload))

    def _taken(self, _client: Client, _data: object, _id: int, _code: ReasonCode, _: Properties) -> None:
        self._put(Signal.PUBACK)

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, _code: ReasonCode, _: object
    ) -> None:
        self._ended.set()
        self._answers.put(None)
        self._put(Signal.ENDED)

    def _put(self, heard: bytes | Signal) -> None:
        self._heard.put(heard)
        self._wake()


def _tls(port: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if port == ALPN_PORT:
        context.set_alpn_protocols(["mqtt"])
    return context
