"""Shows the outlets in Home Assistant, through the home's own MQTT broker and its MQTT discovery.

Power and energy are sensors. The relay is a binary sensor: it can be seen there but not switched. Only the cloud knows
whether an outlet may be cut (policies, never-cut), and a command that bypassed it would not be safe.
Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.version import VERSION

PORTS = {"mqtt": 1883, "mqtts": 8883}
PUBLISH_SECONDS = 10.0

PREFIX = "homeassistant"
STALE_SECONDS = 120
"""Home Assistant shows a value as unavailable when no new one has come for so long."""
ENTITIES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("sensor", "power", {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "W"}),
    ("sensor", "energy", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}),
    ("binary_sensor", "relay", {"device_class": "power"}),
)
"""The entities of an outlet: component, name (a field of `outlet_state`), and more of its config."""


class HomeAssistant:
    """Publishes snapshots between `start` and `stop`. A broker that is away is waited for, and holds nothing else up.

    Args:
        url: The broker: mqtt://user:password@host:port, or mqtts.
        device_id: This device.
        snapshot: Returns the agent's snapshot; called from a thread of its own.
        log: Takes the events.
        every_seconds: The time between snapshots.
    """

    def __init__(
        self,
        url: str,
        device_id: str,
        snapshot: Callable[[], Snapshot],
        log: EventLog,
        every_seconds: float = PUBLISH_SECONDS,
    ) -> None:
        self._url, self._device_id, self._snapshot, self._log = urlsplit(url), device_id, snapshot, log
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._announced: set[int] = set()
        self._lost = False
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)

    def start(self) -> None:
        """Begin to publish. The connection is made, and made again, in the background."""
        self._client.connect_async(self._url.hostname or "", self._url.port or PORTS[self._url.scheme])
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Publish that the device is offline, and end."""
        self._stop.set()
        self._thread.join()
        if self._client.is_connected():
            self._client.publish(self._availability, "offline", qos=1, retain=True).wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _availability(self) -> str:
        return f"ghostwatt/{self._device_id}/status"

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"ghostwatt-{self._device_id}")
        if self._url.username:
            client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        if self._url.scheme == "mqtts":
            client.tls_set()
        client.will_set(self._availability, "offline", qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail = self._not_connected
        return client

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._connection_lost(str(code))
            return
        self._announced.clear()  # a broker that was started anew may have forgotten
        client.publish(self._availability, "online", qos=1, retain=True)
        if self._lost:
            self._log("home_assistant_back")
        self._lost = False

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if not self._stop.is_set():
            self._connection_lost(str(code))

    def _not_connected(self, _client: Client, _data: object) -> None:
        self._connection_lost("no connection")

    def _connection_lost(self, error: str) -> None:
        if not self._lost:
            self._log("home_assistant_away", error=error)
        self._lost = True

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._client.is_connected():
                snapshot = self._snapshot()
                for outlet in snapshot.outlets:
                    if not outlet.is_stale(snapshot.at_ms):  # Home Assistant lets old values expire
                        self._publish(outlet)
            self._stop.wait(self._every_seconds)

    def _publish(self, outlet: OutletSnapshot) -> None:
        if outlet.channel not in self._announced:
            for topic, config in discovery_configs(self._device_id, outlet.channel, self._availability):
                self._client.publish(topic, json.dumps(config), qos=1, retain=True)
            self._announced.add(outlet.channel)
        self._client.publish(state_topic(self._device_id, outlet.channel), json.dumps(outlet_state(outlet)))


def state_topic(device_id: str, channel: int) -> str:
    """Return the topic of an outlet's values."""
    return f"ghostwatt/{device_id}/{channel}"


def outlet_state(outlet: OutletSnapshot) -> Mapping[str, object]:
    """Return an outlet's values; power is None before the first measurement."""
    return {
        "power": outlet.power,
        "energy": round(outlet.watt_hours / 1000, 6),
        "relay": "ON" if outlet.state == "on" else "OFF",
    }


def discovery_configs(device_id: str, channel: int, availability: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (topic, config) of each entity of an outlet."""
    for component, name, more in ENTITIES:
        topic = f"{PREFIX}/{component}/ghostwatt_{device_id}/{channel}_{name}/config"
        config = {
            "name": f"Outlet {channel} {name}",
            "unique_id": f"ghostwatt_{device_id}_{channel}_{name}",
            "state_topic": state_topic(device_id, channel),
            "value_template": f"{{{{ value_json.{name} }}}}",
            "availability_topic": availability,
            "expire_after": STALE_SECONDS,
            "device": {
                "identifiers": [f"ghostwatt_{device_id}"],
                "name": f"Ghostwatt {device_id}",
                "manufacturer": "Ghostwatt",
                "sw_version": VERSION,
            },
            "origin": {"name": "ghostwatt-pi", "sw_version": VERSION},
            **more,
        }
        yield topic, config
