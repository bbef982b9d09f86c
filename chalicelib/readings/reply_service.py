"""What every call of a device ends with: its presence is noted, and it learns what is wanted of its relays."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.detection.silent_outlets import note_silent_outlets
from chalicelib.devices import presence
from chalicelib.devices.model import Device
from chalicelib.devices.pace import pace_of
from chalicelib.ports.model import Port
from chalicelib.readings.device_reply import DeviceReply


def reply_to(device: Device, ports: Sequence[Port], now_ms: int, *, has_readings: bool = False) -> DeviceReply:
    """Note that the device called (at most once a minute) and make its reply; has_readings: it sent some."""
    if presence.note_call(device, now_ms) and not has_readings:
        note_silent_outlets(device, ports, now_ms)
    pace = pace_of(device, len(ports), now_ms)
    return DeviceReply(now_ms, pace.upload_seconds, pace.heartbeat_seconds, ports)
