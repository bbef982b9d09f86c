"""Pushing to open dashboards: one-time tickets, connections, and messages to the owner's pages only.

A push is a courtesy: what it tells is stored already, and a page that misses one reads it when it connects again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.accounts.model import Session
from chalicelib.accounts.session_store import load_session
from chalicelib.core import aws, clock, views
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.identifiers import digest, new_secret
from chalicelib.core.settings import settings
from chalicelib.core.times import iso, iso_or_none
from chalicelib.core.units import units_of
from chalicelib.detection import outlet_status
from chalicelib.detection.port_state import PortState
from chalicelib.devices.model import Device
from chalicelib.notifications.model import Notification
from chalicelib.notifications.schemas import notification_part
from chalicelib.ports.model import Port
from chalicelib.readings.model import SensorLog
from chalicelib.realtime import schemas as wire
from chalicelib.realtime import store as connections
from chalicelib.realtime.store import Dashboard

TICKET_TTL_SECONDS = 60
CONNECTION_TTL_SECONDS = 2 * 3_600
"""API Gateway ends a WebSocket after two hours."""
MAX_DASHBOARDS = 50
"""Open pages of one person: each push is a call to each of them, and the person's devices wait for it."""
LOG = logging.getLogger("ghostwatt.live")

Message = wire.Push | None


def issue_ticket(session: Session, now_ms: int) -> tuple[str, str]:
    """A one-time ticket, and the URL that opens the WebSocket with it."""
    ticket = new_secret()
    dashboard = Dashboard(session.user_id, session.session_id, now_ms // 1_000 + TICKET_TTL_SECONDS)
    connections.add_ticket(digest(ticket), dashboard)
    return ticket, f"{settings().live_url}?ticket={ticket}"


def connect(connection_id: str, ticket: str, now_ms: int) -> None:
    """Open a dashboard for the ticket's owner; past MAX_DASHBOARDS of them the oldest is closed.

    It ends with its session. That is looked at once the dashboard is known: one that ends meanwhile finds it.
    Raises Unauthenticated when the ticket is used up, old or unknown, or its session has ended.
    """
    now = now_ms // 1_000
    dashboard = connections.take_ticket(digest(ticket), now)
    if dashboard is None:
        raise _bad_ticket()
    connections.add(connection_id, replace(dashboard, opened_at=now, expires_at=now + CONNECTION_TTL_SECONDS))
    session = load_session(dashboard.session_id)
    if session is None or session.expired(now_ms):
        connections.remove(connection_id)
        raise _bad_ticket()
    if session.expires_at_ms // 1_000 < now + CONNECTION_TTL_SECONDS:
        ends = replace(dashboard, opened_at=now, expires_at=session.expires_at_ms // 1_000)
        connections.add(connection_id, ends)
    others = [other for other in connections.of_owner(dashboard.owner_id) if other != connection_id]
    _hang_up(others[MAX_DASHBOARDS - 1 :])


def _bad_ticket() -> Unauthenticated:
    return Unauthenticated("This ticket is not valid; ask for a new one.", code="bad_ticket", field="ticket")


def is_watching(owner_id: str) -> bool:
    """Whether a person has a dashboard open. One that vanished without a word counts until the next push to it."""
    return bool(_open(owner_id))


def disconnect(connection_id: str) -> None:
    """A dashboard was closed."""
    connections.remove(connection_id)


def hang_up(owner_id: str, session_ids: Collection[str]) -> None:
    """Close the dashboards of sessions that have ended."""
    found = connections.of_owner(owner_id).items()
    _hang_up(connection_id for connection_id, dashboard in found if dashboard.session_id in session_ids)


def _hang_up(connection_ids: Iterable[str]) -> None:
    for connection_id in connection_ids:
        connections.remove(connection_id)
        _courteously(partial(_close, connection_id))


def _open(owner_id: str) -> list[str]:
    """A person's open dashboards, the newest first; those whose session has come to its end are closed."""
    now, found = clock.now_ms() // 1_000, connections.of_owner(owner_id)
    _hang_up(connection_id for connection_id, dashboard in found.items() if dashboard.expires_at <= now)
    return [connection_id for connection_id, dashboard in found.items() if dashboard.expires_at > now]


def push_device(device: Device) -> None:
    """A device was added, renamed, or went online or offline."""
    _push(device.owner_id, [device_message(device)])


def push_device_removed(device: Device) -> None:
    """A device was released."""
    _push(device.owner_id, [_device(device, "removed")])


def device_message(device: Device) -> wire.DevicePush:
    """A device as it is now."""
    return _device(device, "online" if device.online else "offline")


def _device(device: Device, status: Any) -> wire.DevicePush:
    last_seen = iso_or_none(device.last_seen_ms)
    return wire.DevicePush(device_id=device.device_id, name=device.name, status=status, last_seen=last_seen)


def push_port(port: Port, state: PortState) -> None:
    """Settings, relay or status of a port changed."""
    _push(port.owner_id, [port_message(port, state)])


def push_port_removed(port: Port) -> None:
    """A port is gone."""
    _push(port.owner_id, [wire.PortPush(port_id=port.port_id, device_id=port.device_id, port=None)])


def port_message(port: Port, state: PortState) -> wire.PortPush:
    """A port as it is now."""
    return wire.PortPush(port_id=port.port_id, device_id=port.device_id, port=views.port(port, state))


def reading_message(port: Port, state: PortState) -> wire.ReadingPush | None:
    """The newest reading of a port, None before the first."""
    reading = views.latest(state.latest)
    if reading is None:
        return None
    status = outlet_status.of(port, state)
    return wire.ReadingPush(device_id=port.device_id, port_id=port.port_id, status=status, reading=reading)


def notification_message(notification: Notification) -> wire.NotificationPush:
    """Something a person is told."""
    return wire.NotificationPush(notification=notification_part(notification))


def sensor_message(log: SensorLog) -> wire.SensorDataPush:
    """What free sensors said."""
    return wire.SensorDataPush(
        device_id=log.device_id, timestamp=iso(log.at_ms), sensors=dict(log.values), units=units_of(log.values)
    )


def push(owner_id: str, messages: Iterable[Message]) -> None:
    """Send messages to all open dashboards of one person."""
    _push(owner_id, [message for message in messages if message is not None])


def _push(owner_id: str, messages: Sequence[wire.Push]) -> None:
    if not messages:
        return
    for connection_id in _open(owner_id)[:MAX_DASHBOARDS]:
        for message in messages:
            data = msgspec.json.encode(message)
            if not _courteously(partial(_post, connection_id, data)):
                connections.remove(connection_id)
                break


def _post(connection_id: str, data: bytes, client: Any) -> None:
    client.post_to_connection(ConnectionId=connection_id, Data=data)


def _close(connection_id: str, client: Any) -> None:
    client.delete_connection(ConnectionId=connection_id)


def _courteously(call: Callable[[Any], None]) -> bool:
    """Make a call of the management API; False when the dashboard is gone. Other failures are only logged."""
    if not settings().live_endpoint:
        return True
    try:
        call(_client())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("GoneException", "410"):
            return False
        LOG.warning("a push failed: %s", code)
    except BotoCoreError as error:
        LOG.warning("a push failed: %s", type(error).__name__)
    return True


def _client() -> Any:
    """The management API, tried once and not for long: a page that missed a push loads it when it connects again."""
    return aws.client(
        "apigatewaymanagementapi",
        endpoint_url=settings().live_endpoint,
        read_seconds=2,
        attempts=1,
        max_pool_connections=20,
    )
