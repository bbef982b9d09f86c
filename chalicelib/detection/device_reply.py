"""The end of every call of a device: note its presence, and reply with the pace and the desired relay states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.detection.silent_outlets import note_silent_outlets
from chalicelib.devices.model import Device
from chalicelib.devices.pace import pace_of
from chalicelib.devices.presence import record_call
from chalicelib.ports.model import Port


@dataclass(frozen=True, slots=True)
class DeviceReply:
    """What every call of a device is answered with.

    Attributes:
        server_time_ms: The server's time, epoch ms.
        interval_seconds: Seconds between two uploads of readings.
        heartbeat_seconds: Seconds between two heartbeats.
        ports: All ports of the device, each with the desired state of its relay.
    """

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    ports: Sequence[Port]


def reply_to_device(device: Device, ports: Sequence[Port], now_ms: int, *, has_readings: bool = False) -> DeviceReply:
    """Note that a device called (at most once a minute), and make its reply.

    Args:
        device: The device as it was before this call.
        ports: All its ports.
        now_ms: The time of the call, epoch ms.
        has_readings: Whether the call brought readings. One that did not may show that an outlet's meter is silent.
    """
    if record_call(device, now_ms) and not has_readings:
        note_silent_outlets(device, ports, now_ms)
    pace = pace_of(device, len(ports), now_ms)
    return DeviceReply(now_ms, pace.upload_seconds, pace.heartbeat_seconds, ports)
