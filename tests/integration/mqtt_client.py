"""A device of the tests that speaks MQTT, by paho."""

from __future__ import annotations

import json
import threading
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.conftest import eventually


class MqttClient:
    """One connection: `heard` is what came on the topics it listens to, `lost` is set when the connection ended."""

    def __init__(self, port: int, *, client_id: str = "", clean: bool = True) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.lost = threading.Event()
        self.answer: ReasonCode | None = None
        self.granted: list[int] = []
        self._port = port
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, reconnect_on_failure=False
        )
        self.client.on_connect, self.client.on_disconnect = self._connected, self._disconnected
        self.client.on_message, self.client.on_subscribe = self._hear, self._subscribed

    def sign_in(self, user: str, key: str) -> bool:
        """Whether the broker let it in."""
        self.client.username_pw_set(user, key)
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        eventually(lambda: self.answer is not None or self.lost.is_set(), "the broker answers")
        return self.answer is not None and not self.answer.is_failure

    def listen(self, *topics: str, qos: int = 1) -> list[int]:
        """What the broker granted for each topic: a quality of service, or 128 for no."""
        self.granted = []
        self.client.subscribe([(topic, qos) for topic in topics])
        eventually(lambda: self.granted, "the subscriptions are answered")
        return self.granted

    def say(self, topic: str, payload: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish, anything but bytes as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.client.publish(topic, body, qos=qos, retain=retain)

    def answers(self) -> list[dict[str, Any]]:
        """What came, decoded."""
        return [json.loads(payload) for _, payload in list(self.heard)]

    def close(self) -> None:
        """End."""
        self.client.disconnect()
        self.client.loop_stop()

    def _connected(
        self, _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        self.answer = code

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, _code: ReasonCode, _more: Properties | None
    ) -> None:
        self.lost.set()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def _subscribed(
        self, _client: Client, _data: object, _number: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        self.granted = [code.value for code in codes]
