"""What a person sees of phantom events, and says of them."""

from __future__ import annotations

from chalicelib.domain.errors import not_found
from chalicelib.domain.events import PhantomEvent
from chalicelib.services import ports
from chalicelib.storage import phantom_events as store
from chalicelib.storage import ports as port_store


def of_owner(
    owner_id: str, port_id: str | None, limit: int, cursor: str | None
) -> tuple[list[PhantomEvent], str | None]:
    """A page of a person's events, of one port or of all, newest first. Raises NotFound for another's port."""
    if port_id is None:
        return store.of_owner(owner_id, limit, cursor)
    return store.of_port(ports.own(owner_id, port_id).port_id, limit, cursor)


def judge(owner_id: str, event_id: str, verdict: str, now_ms: int) -> PhantomEvent:
    """A person says that it was right or wrong; wrong also switches the outlet on if it is still cut for it.

    Raises NotFound.
    """
    event = store.load(owner_id, event_id)
    if event is None or not store.save_verdict(event, verdict):
        raise not_found("phantom event")
    port = port_store.load(event.port_id)
    if verdict == "wrong" and port is not None and port.relay.cut_event_id == event_id:
        ports.switch(owner_id, event.port_id, "on", now_ms)
    return store.load(owner_id, event_id) or event
