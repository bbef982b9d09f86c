"""Phantom events as the contract shows them."""

from __future__ import annotations

from chalicelib.core.times import iso, iso_or_none
from chalicelib.notifications import schemas as wire
from chalicelib.notifications.model import PhantomEvent


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
