"""Relay commands to devices that listen by MQTT: what the reply to their next call would say, at once."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core import clock
from chalicelib.core.deadlines import Deadline
from chalicelib.core.event_bus import Event
from chalicelib.detection.device_reply import DeviceReply
from chalicelib.detection.domain_events import PortCut
from chalicelib.detection.reply_schemas import reply_answer
from chalicelib.devices.pace import pace_of
from chalicelib.devices.store import load_device
from chalicelib.ports.model import Port, PortChanged, PortRemoved
from chalicelib.ports.store import load_ports_of_device
from chalicelib.realtime import device_channel


def send_relay_commands(events: Sequence[Event], deadline: Deadline) -> None:
    """Send each device that has a changed outlet its outlets and their desired relay states, until the deadline.

    Best effort: a device that is sent nothing gets the same in the reply to its next call.
    """
    changed = {
        event.port.device_uid: event.port for event in events if isinstance(event, PortCut | PortChanged | PortRemoved)
    }
    for port in changed.values():
        if deadline.expired:
            return
        _send_relays(port)


def _send_relays(changed: Port) -> None:
    """A device that changed hands, or that no key opens any more, is sent nothing."""
    if not device_channel.has_broker():
        return
    now_ms = clock.now_ms()
    device = load_device(changed.device_id)
    if device is None or device.device_uid != changed.device_uid or not device.keys.any_alive(now_ms):
        return
    ports = load_ports_of_device(changed.device_uid)
    pace = pace_of(device, len(ports), now_ms)
    reply = DeviceReply(now_ms, pace.upload_seconds, pace.heartbeat_seconds, ports)
    device_channel.publish_to_device(changed.device_id, reply_answer(reply))
