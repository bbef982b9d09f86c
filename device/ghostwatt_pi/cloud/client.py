"""The client of the cloud as the agent sees it, over HTTP or MQTT as the settings choose."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.cloud_time import Clock
from ghostwatt_pi.schemas import BatchReply, DeviceReply, RelayReport
from ghostwatt_pi.settings.config import LOOPBACK, BadSetting, Settings

TLS_PORT, PLAIN_PORT = 443, 1883
"""443 is open in networks that close other ports, and AWS IoT Core takes device keys there."""


class CloudClient(Protocol):
    """The calls that the agent makes. Every answer sets `clock`."""

    clock: Clock

    def heartbeat(self, api_key: str, reports: Sequence[RelayReport], dropped_readings: int = 0, /) -> DeviceReply:
        """Report that the device lives and what its relays did. Raises KeyRefused, Refused, CloudAway."""

    def send_batch(self, api_key: str, batch: Batch, /) -> BatchReply:
        """Send a batch and return the cloud's answer to it. Raises KeyRefused, Refused, CloudAway."""

    def listen(self, wake: Callable[[], None], /) -> None:
        """Call `wake`, perhaps from another thread, when there may be something in `pushed`."""

    def pushed(self) -> Sequence[DeviceReply]:
        """Return the replies pushed since the last call. Raises CloudAway when the connection is lost."""


def address(settings: Settings) -> str:
    """Return the address that readings are sent to, for people."""
    if settings.transport != "mqtt":
        return settings.api
    scheme = "mqtts" if _tls(settings) else "mqtt"
    return f"{scheme}://{settings.mqtt_host}:{_port(settings)}"


def open_client(settings: Settings, device_id: str) -> AbstractContextManager[CloudClient]:
    """Return the client that the settings choose. Raises BadSetting."""
    if settings.transport != "mqtt":
        return open_http(settings)
    if not settings.mqtt_host:
        raise BadSetting("mqtt_host is not set: transport = mqtt needs the name of the cloud's broker")
    try:
        from ghostwatt_pi.cloud.mqtt import MqttClient  # noqa: PLC0415 - an extra
        from ghostwatt_pi.cloud.mqtt_connection import Broker  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(f"transport is mqtt, which needs: pipx inject ghostwatt-pi paho-mqtt ({error})") from error
    broker = Broker(settings.mqtt_host, _port(settings), _tls(settings), settings.ca_file)
    return MqttClient(broker, device_id, open_http(settings))


def open_http(settings: Settings) -> HttpClient:
    """Return the client over HTTP. Raises BadSetting when the CA's file cannot be used."""
    if settings.ca_file:
        check_ca_file(settings.ca_file)
    return HttpClient(settings.api, ca_file=settings.ca_file)


def check_ca_file(ca_file: str) -> None:
    """Raise BadSetting unless the file holds certificates."""
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # SSLError is one
        why = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "it holds no certificate"
        raise BadSetting(f"ca_file is {ca_file!r}: {why}") from error


def _tls(settings: Settings) -> bool:
    return settings.mqtt_host not in LOOPBACK


def _port(settings: Settings) -> int:
    return settings.mqtt_port or (TLS_PORT if _tls(settings) else PLAIN_PORT)
