"""What every call of a device ends with: its presence is noted, and it learns what is wanted of its relays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.devices import Device
from chalicelib.domain.liveness import HEARTBEAT_SECONDS, needs_touch
from chalicelib.domain.ports import Port
from chalicelib.services import live
from chalicelib.settings import settings
from chalicelib.storage import devices


@dataclass(frozen=True, slots=True)
class DeviceReply:
    """The time of the server, the pace to keep, and all ports with the relay states that are wanted."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    ports: Sequence[Port]


def reply_to(device: Device, ports: Sequence[Port], now_ms: int) -> DeviceReply:
    """Note that the device called (at most once a minute) and make its reply."""
    if needs_touch(device.online, device.last_seen_ms, now_ms) and devices.touch(device, now_ms) and not device.online:
        live.push_device(replace(device, online=True, last_seen_ms=now_ms))
    return DeviceReply(now_ms, settings().upload_seconds, HEARTBEAT_SECONDS, ports)
