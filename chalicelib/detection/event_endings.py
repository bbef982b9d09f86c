"""The end of what is open at an outlet, together with what ends it."""

from __future__ import annotations

from chalicelib.core.dynamo import Transaction
from chalicelib.detection import phantom_event_store
from chalicelib.detection.model import Outcome
from chalicelib.detection.port_state import PortState
from chalicelib.ports.model import Port
from chalicelib.ports.store import put_removed_port


def mark_undone(write: Transaction, port: Port, now_ms: int) -> None:
    """Add to a transaction: the end of the event behind the port's cut by a person, if there is one."""
    mark_ended(write, port, "undone", now_ms)


def mark_ended(write: Transaction, port: Port, outcome: Outcome, now_ms: int) -> None:
    """Add to a transaction: the end of the event behind the port's cut, unless it has none, or has ended already.

    A cut that the watts contradicted has ended then: it saves nothing until now.
    """
    event_id = port.relay.cut_event_id
    event = None if event_id is None else phantom_event_store.load_phantom_event(port.owner_id, event_id)
    if event is not None and event.ended_at_ms is None:
        phantom_event_store.put_progress(write, port.owner_id, event.event_id, outcome, now_ms)


def mark_port_removed(write: Transaction, port: Port, state: PortState, now_ms: int) -> None:
    """Add to a transaction: the port is gone, unless it has changed since it was read, and its open event ends."""
    put_removed_port(write, port)
    if port.relay.cut_event_id is not None:
        mark_undone(write, port, now_ms)
    elif state.open_event_id is not None and state.outcome is None:  # one that was only told
        phantom_event_store.put_progress(write, port.owner_id, state.open_event_id, None, now_ms)
