"""What a person sees of phantom events, and says of them."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import not_found
from chalicelib.core.event_bus import publish
from chalicelib.detection import phantom_event_store
from chalicelib.detection.model import FeedbackVerdict, PhantomEvent
from chalicelib.ports.model import PortChanged
from chalicelib.ports.relay_commands import judged_wrong, no_longer_wrong
from chalicelib.ports.service import get_owned_port
from chalicelib.ports.store import load_port, put_relay


def list_phantom_events(
    owner_id: str, port_id: str | None, limit: int, cursor: str | None
) -> tuple[list[PhantomEvent], str | None]:
    """A page of a person's events, of one port or of all, newest first. Raises NotFound for another's port."""
    if port_id is None:
        return phantom_event_store.load_events_of_owner(owner_id, limit, cursor)
    return phantom_event_store.load_events_of_port(get_owned_port(owner_id, port_id).port_id, limit, cursor)


def give_feedback(owner_id: str, event_id: str, verdict: FeedbackVerdict, now_ms: int) -> PhantomEvent:
    """A person says that it was right or wrong.

    Wrong teaches the detector, once an event, and switches the outlet on if it is still cut for it; right takes that
    back. Raises NotFound.
    """

    def attempt() -> PhantomEvent | None:
        event = phantom_event_store.load_phantom_event(owner_id, event_id)
        if event is None:
            raise not_found("phantom event")
        if event.verdict == verdict or _store_feedback(event, verdict, now_ms):
            return phantom_event_store.load_phantom_event(owner_id, event_id) or event
        return None

    return retry_conflicts(attempt, "This event's outlet keeps changing.")


def _store_feedback(event: PhantomEvent, verdict: FeedbackVerdict, now_ms: int) -> bool:
    write = Transaction()
    teaches = event.action == "auto_cut" and "wrong" in (verdict, event.verdict)
    port = load_port(event.port_id) if teaches else None
    undone_at_ms = None
    if port is not None:
        if verdict == "wrong":
            undone_at_ms = now_ms if port.relay.cut_event_id == event.event_id else None
            relay = judged_wrong(port.relay, event.event_id, now_ms)
        else:
            relay = no_longer_wrong(port.relay)
        put_relay(write, port, relay)
    phantom_event_store.put_verdict(write, event, verdict, undone_at_ms)
    if not write.commit():
        return False
    if port is not None:
        publish(PortChanged(replace(port, relay=relay)))
    return True
