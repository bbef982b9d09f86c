"""What happened: phantom events and notifications."""

from __future__ import annotations

from chalicelib.core.times import iso, iso_or_none
from chalicelib.notifications import schemas as wire
from chalicelib.notifications.model import Notification, PhantomEvent


def phantom_event(shown: PhantomEvent) -> wire.PhantomEventPart:
    """A stretch of standby and what was done."""
    return wire.PhantomEventPart(
        event_id=shown.event_id,
        port_id=shown.port_id,
        port_name=shown.port_name,
        device_id=shown.device_id,
        detected_power=round(shown.detected_watts, 3),
        detected_at=iso(shown.detected_at_ms),
        started_at=iso(shown.started_at_ms),
        action_taken=shown.action,
        reason=shown.reason,
        outcome=shown.outcome,
        ended_at=iso_or_none(shown.ended_at_ms),
        verdict=shown.verdict,
    )


def notification(shown: Notification) -> wire.NotificationPart:
    """One sentence for a person."""
    return wire.NotificationPart(
        notification_id=shown.notification_id,
        kind=shown.kind,
        message=shown.message,
        at=iso(shown.at_ms),
        read=shown.read,
        port_id=shown.port_id,
        device_id=shown.device_id,
    )
