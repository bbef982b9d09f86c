"""The end of what is open at an outlet, together with what ends it."""

from __future__ import annotations

from chalicelib.core.dynamo import Transaction
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection.model import Outcome
from chalicelib.detection.port_state import PortState
from chalicelib.ports import store as ports
from chalicelib.ports.model import Port


def put_undone(write: Transaction, port: Port, now_ms: int) -> None:
    """Add to a transaction: the end of the event behind the port's cut by a person, if there is one."""
    put_ended(write, port, "undone", now_ms)


def put_ended(write: Transaction, port: Port, outcome: Outcome, now_ms: int) -> None:
    """Add to a transaction: the end of the event behind the port's cut, unless it has none, or has ended already.

    A cut that the watts contradicted has ended then: it saves nothing until now.
    """
    event_id = port.relay.cut_event_id
    event = None if event_id is None else phantom_events.load(port.owner_id, event_id)
    if event is not None and event.ended_at_ms is None:
        phantom_events.put_progress(write, port.owner_id, event.event_id, outcome, now_ms)


def put_removed(write: Transaction, port: Port, state: PortState, now_ms: int) -> None:
    """Add to a transaction: the port is gone, unless it has changed since it was read, and its open event ends."""
    ports.put_removed(write, port)
    if port.relay.cut_event_id is not None:
        put_undone(write, port, now_ms)
    elif state.open_event_id is not None and state.outcome is None:  # one that was only told
        phantom_events.put_progress(write, port.owner_id, state.open_event_id, None, now_ms)
