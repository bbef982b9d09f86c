"""A device at the MQTT broker: signs in with its id and key, publishes, leaves."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

PORTS = {"mqtt": 1883, "mqtts": 8883}
SECONDS = 20.0


def publish(url: str, device_id: str, api_key: str, values: Mapping[str, float]) -> None:
    """Publish custom sensors to the device's own topic, and wait until the broker has them."""
    with _signed_in(url, device_id, api_key) as (client, code):
        assert not code.is_failure, f"the broker refuses the device: {code}"
        sent = client.publish(f"iot/devices/{device_id}/data", json.dumps(values), qos=1)
        sent.wait_for_publish(SECONDS)
        assert sent.is_published(), f"the broker did not acknowledge within {SECONDS:.0f} s"


def refuses(url: str, device_id: str, api_key: str) -> bool:
    """Whether the broker refuses to let a device in with this key."""
    with _signed_in(url, device_id, api_key) as (_, code):
        return code.is_failure


@contextmanager
def _signed_in(url: str, device_id: str, api_key: str) -> Iterator[tuple[Client, ReasonCode]]:
    """A connection, and what the broker answered to the sign-in."""
    place, answers = urlsplit(url), queue.Queue[ReasonCode]()

    def connected(
        _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        answers.put(code)

    def ended(
        _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        answers.put(code)  # a broker may hang up instead of saying no

    client = Client(CallbackAPIVersion.VERSION2, client_id=device_id)
    client.username_pw_set(device_id, api_key)
    if place.scheme == "mqtts":
        client.tls_set()
    client.on_connect = connected
    client.on_disconnect = ended
    try:
        client.connect(place.hostname or "", place.port or PORTS[place.scheme])
        client.loop_start()
        yield client, answers.get(timeout=SECONDS)
    finally:
        client.disconnect()
        client.loop_stop()
