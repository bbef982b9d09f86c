"""Alerts about outlets: always on, silent, a relay that does not obey, a protected outlet that was switched off."""

from __future__ import annotations

from chalicelib.core.times import DAY_MS, MINUTE_MS, iso
from chalicelib.detection.detector_state import State
from chalicelib.detection.explain import explain_decision
from chalicelib.notifications.model import Notification, NotificationKind, time_ordered_id
from chalicelib.ports.model import Port, Rule
from chalicelib.ports.relay_commands import AT_THE_PLUG, Relay

ALWAYS_ON_MINUTES = 3 * DAY_MS // MINUTE_MS
"""Three days hold a working day and most of a weekend: what has not rested in them does not rest."""


def always_on_watts(detector: State, rule: Rule) -> float | None:
    """The least an outlet draws when it was never off and never idle for days; None when that is not so.

    Protected outlets never raise alerts.
    """
    if rule.is_protected or detector.threshold_watts or sum(detector.watt_minutes) < ALWAYS_ON_MINUTES:
        return None
    known = explain_decision(detector, rule)
    return known.histogram[0].from_watts or None if known.source == "none" else None


def relay_report_alert(port: Port, after: Relay, now_ms: int) -> Notification | None:
    """The alert about a relay that a device reported, if it needs one; port is the outlet before the report."""
    if after.failing and not port.relay.failing:
        return outlet_alert(port, "relay_failed", f"{port.name} {_failure(port.relay, after)}", now_ms)
    was_switched_off = after.reason in AT_THE_PLUG and after.version != port.relay.version and after.desired == "off"
    if was_switched_off and port.rule.is_protected:
        where = "at the Pi" if after.reason == "by_hand" else "at its plug"
        return outlet_alert(
            port, "protected_off", f"{port.name} must keep its power, but was switched off {where}", now_ms
        )
    return None


def _failure(wanted: Relay, after: Relay) -> str:
    if after.reported == "off" and wanted.desired == "off":
        return "still draws power although its relay is off: it may be welded"
    return f"could not be switched {wanted.desired}: its relay does not obey"


def silent_outlet_alert(port: Port, since_ms: int, now_ms: int) -> Notification:
    """The alert about an outlet whose meter fell silent while its device goes on."""
    since = iso(since_ms // MINUTE_MS * MINUTE_MS).removesuffix(":00.000Z").replace("T", " ")
    message = f"{port.name} has sent no reading since {since} UTC, though its device is online"
    return outlet_alert(port, "outlet_silent", message, now_ms)


def outlet_alert(port: Port, kind: NotificationKind, message: str, now_ms: int) -> Notification:
    """A notification about an outlet."""
    return Notification(
        notification_id=time_ordered_id(now_ms, f"{kind}-{port.port_id}"),
        owner_id=port.owner_id,
        kind=kind,
        message=message,
        at_ms=now_ms,
        port_id=port.port_id,
        device_id=port.device_id,
    )
