"""Messages to open pages over the WebSocket, each with its `type`; and the ticket that opens it."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.core.schemas import Answer, Iso
from chalicelib.detection.outlet_status import OutletStatus
from chalicelib.devices.schemas import LIST_FIELDS
from chalicelib.notifications.schemas import NotificationPart
from chalicelib.ports.schemas import LatestReading, PortPart


class Push(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A message to every open page of one account."""


class ReadingPush(Push, frozen=True, kw_only=True, tag="reading"):
    """The newest reading of one port."""

    device_id: str
    port_id: str
    status: OutletStatus
    reading: LatestReading


class SensorDataPush(Push, frozen=True, kw_only=True, tag="sensor_data"):
    """The newest values of a device's custom sensors. encode_push adds each value by its sensor's name."""

    device_id: str
    plain_device_id: str = msgspec.field(name="device_id")
    timestamp: Iso
    sensors: dict[str, float]
    units: dict[str, str]


class DevicePush(Push, frozen=True, kw_only=True, tag="device"):
    """A device was added, changed, gone online or offline, or removed."""

    device_id: str
    name: str
    status: Literal["online", "offline", "removed"]
    last_seen: Iso | None


class PortPush(Push, frozen=True, kw_only=True, tag="port"):
    """Settings, relay or status of a port changed, or it is gone (port is null)."""

    port_id: str
    device_id: str
    port: PortPart | None


class NotificationPush(Push, frozen=True, kw_only=True, tag="notification"):
    notification: NotificationPart


def encode_push(push: Push) -> bytes:
    """Encode a push as JSON.

    Sensor values stand there also by their names, so that a page can merge the push into an entry of GET /devices.
    A sensor never replaces a field of the push, and never adds one that the entry has by itself.
    """
    fields = msgspec.to_builtins(push)
    if isinstance(push, SensorDataPush):
        taken = fields.keys() | LIST_FIELDS
        fields |= {name: value for name, value in push.sensors.items() if name not in taken}
    return msgspec.json.encode(fields)


class TicketAnswer(Answer, frozen=True, kw_only=True):
    """A one-time ticket for the WebSocket: open `url` within expires_in seconds."""

    ticket: str
    url: str
    expires_in: int
