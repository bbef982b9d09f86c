"""The end of what is open at an outlet, together with what ends it."""

from __future__ import annotations

from chalicelib.domain.ports import Port
from chalicelib.domain.states import PortState
from chalicelib.storage import phantom_events, ports
from chalicelib.storage.base import Transaction


def put_undone(write: Transaction, port: Port, now_ms: int) -> None:
    """Add to a transaction: the end of the event behind the port's cut, if there is one."""
    if port.relay.cut_event_id is not None:
        phantom_events.put_progress(write, port.owner_id, port.relay.cut_event_id, "undone", now_ms)


def put_removed(write: Transaction, port: Port, state: PortState, now_ms: int) -> None:
    """Add to a transaction: the port is gone, unless it has changed since it was read, and its open event ends."""
    ports.put_removed(write, port)
    if port.relay.cut_event_id is not None:
        put_undone(write, port, now_ms)
    elif state.open_event_id is not None and state.outcome is None:  # one that was only told
        phantom_events.put_progress(write, port.owner_id, state.open_event_id, None, now_ms)
