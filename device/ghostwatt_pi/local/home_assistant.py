"""Shows the outlets in Home Assistant, through the home's own MQTT broker; discovery.py has what it publishes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.local.discovery import discovery, state, state_topic
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot

PORTS = {"mqtt": 1883, "mqtts": 8883}
PUBLISH_SECONDS = 10.0


class HomeAssistant:
    """Publishes snapshots to the broker at `url` (mqtt://user:password@host:port) between `start` and `stop`.

    An absent broker is waited for, and harms nothing else.
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
        """Begin; the connection is made, and made again, in the background."""
        self._client.connect_async(self._url.hostname or "", self._url.port or PORTS[self._url.scheme])
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end."""
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
            self._lose(str(code))
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
            self._lose(str(code))

    def _not_connected(self, _client: Client, _data: object) -> None:
        self._lose("no connection")

    def _lose(self, error: str) -> None:
        if not self._lost:
            self._log("home_assistant_away", error=error)
        self._lost = True

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._client.is_connected():
                seen = self._snapshot()
                for outlet in seen.outlets:
                    if not outlet.is_stale(seen.at_ms):  # said nothing of, Home Assistant lets it expire
                        self._publish(outlet)
            self._stop.wait(self._every_seconds)

    def _publish(self, outlet: OutletSnapshot) -> None:
        if outlet.channel not in self._announced:
            for topic, config in discovery(self._device_id, outlet.channel, self._availability):
                self._client.publish(topic, json.dumps(config), qos=1, retain=True)
            self._announced.add(outlet.channel)
        self._client.publish(state_topic(self._device_id, outlet.channel), json.dumps(state(outlet)))
