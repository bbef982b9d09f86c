"""Messages to open pages over the WebSocket, each with its `type`; and the ticket that opens it."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.core.schemas import Answer, Iso
from chalicelib.detection.outlet_status import OutletStatus
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
    device_id: str
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


class TicketAnswer(Answer, frozen=True, kw_only=True):
    """A one-time ticket for the WebSocket: open `url` within expires_in seconds."""

    ticket: str
    url: str
    expires_in: int
