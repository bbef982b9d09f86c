"""Publishing events to the open pages of their owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from chalicelib.core.deadlines import Deadline
from chalicelib.core.event_bus import Event
from chalicelib.core.times import iso, iso_or_none
from chalicelib.core.units import units_of
from chalicelib.detection import outlet_status
from chalicelib.detection.domain_events import (
    OutletSilenceChanged,
    PhantomFound,
    PhantomProgressed,
    PortCut,
    ReadingsTaken,
)
from chalicelib.detection.port_state import PortState
from chalicelib.detection.store import load_port_state
from chalicelib.devices.model import Device, DeviceChanged, DeviceRemoved
from chalicelib.notifications.model import Notification, NotificationAdded
from chalicelib.notifications.schemas import notification_part
from chalicelib.ports.model import Port, PortChanged, PortRemoved, RelayReported
from chalicelib.ports.schemas import port_part, reading_part
from chalicelib.readings.model import SensorLog, SensorsChanged
from chalicelib.realtime.connections import open_connections, send_messages
from chalicelib.realtime.schemas import (
    DevicePush,
    NotificationPush,
    PortPush,
    Push,
    ReadingPush,
    SensorDataPush,
    encode_push,
)


def publish_to_pages(events: Sequence[Event], deadline: Deadline) -> None:
    """Send what events show to the open pages of their owners, until the deadline. Pages of others get nothing."""
    shown = sorted((event for event in events if type(event) in PUSHES), key=lambda event: event.owner_id)
    for owner_id, owned in groupby(shown, key=lambda event: event.owner_id):
        connection_ids = open_connections(owner_id)
        if connection_ids:
            send_messages(connection_ids, _messages(owned), deadline)


def _messages(events: Iterable[Event]) -> list[bytes]:
    """The messages of events in their order, each once: several events may show the same outlet."""
    pushes = (PUSHES[type(event)](event) for event in events)
    return list(dict.fromkeys(encode_push(push) for push in pushes if push is not None))


def _reading_push(shown: Port, state: PortState) -> ReadingPush | None:
    reading = reading_part(state.latest)
    if reading is None:
        return None
    status = outlet_status.status_of_outlet(shown, state)
    return ReadingPush(device_id=shown.device_id, port_id=shown.port_id, status=status, reading=reading)


def _port_push(shown: Port, state: PortState) -> PortPush:
    return PortPush(port_id=shown.port_id, device_id=shown.device_id, port=port_part(shown, state))


def _device_push(device: Device, *, is_removed: bool = False) -> DevicePush:
    return DevicePush(
        device_id=device.device_id,
        name=device.name,
        status="removed" if is_removed else "online" if device.online else "offline",
        last_seen=iso_or_none(device.last_seen_ms),
    )


def _sensor_push(log: SensorLog) -> SensorDataPush:
    return SensorDataPush(
        device_id=log.device_id,
        plain_device_id=log.device_id,
        timestamp=iso(log.at_ms),
        sensors=dict(log.values),
        units=units_of(log.values),
    )


def _notification_push(added: Notification) -> NotificationPush | None:
    return None if added.read else NotificationPush(notification=notification_part(added))


PUSHES: Mapping[type[Any], Callable[[Any], Push | None]] = {
    ReadingsTaken: lambda event: _reading_push(event.port, event.state),
    PhantomFound: lambda event: _port_push(event.port, event.state),
    PortCut: lambda event: _port_push(event.port, event.state),
    PhantomProgressed: lambda event: _port_push(event.port, event.state),
    OutletSilenceChanged: lambda event: _port_push(event.port, event.state),
    PortChanged: lambda event: _port_push(event.port, load_port_state(event.port)),
    RelayReported: lambda event: _port_push(event.port, load_port_state(event.port)),
    PortRemoved: lambda event: PortPush(port_id=event.port.port_id, device_id=event.port.device_id, port=None),
    DeviceChanged: lambda event: _device_push(event.device),
    DeviceRemoved: lambda event: _device_push(event.device, is_removed=True),
    NotificationAdded: lambda event: _notification_push(event.notification),
    SensorsChanged: lambda event: _sensor_push(event.log),
}
"""The message that an event shows; None where it shows nothing."""
