"""What a person is told of an outlet that does not do, or no longer does, what was wanted."""

from __future__ import annotations

from chalicelib.core.times import MINUTE_MS, iso
from chalicelib.notifications.model import Notification, NotificationKind, time_ordered_id
from chalicelib.ports.model import Port
from chalicelib.ports.relays import AT_THE_PLUG, Relay


def of_relay(port: Port, after: Relay, now_ms: int) -> Notification | None:
    """What a device's report of a relay is news of, if anything; port is the outlet before it."""
    if after.failing and not port.relay.failing:
        return _about(port, "relay_failed", f"{port.name} {_failure(port.relay, after)}", now_ms)
    was_switched_off = after.reason in AT_THE_PLUG and after.version != port.relay.version and after.desired == "off"
    if was_switched_off and port.rule.is_protected:
        where = "at the Pi" if after.reason == "by_hand" else "at its plug"
        return _about(port, "protected_off", f"{port.name} must keep its power, but was switched off {where}", now_ms)
    return None


def _failure(wanted: Relay, after: Relay) -> str:
    if after.reported == "off" and wanted.desired == "off":
        return "still draws power although its relay is off: it may be welded"
    return f"could not be switched {wanted.desired}: its relay does not obey"


def silent(port: Port, since_ms: int, now_ms: int) -> Notification:
    """An outlet's meter fell silent while its device goes on."""
    since = iso(since_ms // MINUTE_MS * MINUTE_MS).removesuffix(":00.000Z").replace("T", " ")
    message = f"{port.name} has sent no reading since {since} UTC, though its device is online"
    return _about(port, "outlet_silent", message, now_ms)


def _about(port: Port, kind: NotificationKind, message: str, now_ms: int) -> Notification:
    return Notification(
        notification_id=time_ordered_id(now_ms, f"{kind}-{port.port_id}"),
        owner_id=port.owner_id,
        kind=kind,
        message=message,
        at_ms=now_ms,
        port_id=port.port_id,
        device_id=port.device_id,
    )
