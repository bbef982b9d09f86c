"""Phantom events, under their owner and by time; index by port."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.core.dynamo import Item, Transaction, table_name
from chalicelib.core.pagination import load_page, start_key
from chalicelib.detection.model import Outcome, PhantomEvent


class ByPort(GlobalSecondaryIndex["PhantomEventItem"]):
    class Meta:
        index_name = "by_port"
        projection = AllProjection()

    port_id = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class PhantomEventItem(Item):
    class Meta:
        table_name = table_name("phantom-events")

    owner_id = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)
    port_id = UnicodeAttribute()
    port_name = UnicodeAttribute()
    device_id = UnicodeAttribute()
    device_uid = UnicodeAttribute()
    detected_watts = NumberAttribute()
    detected_at_ms = NumberAttribute()
    started_at_ms = NumberAttribute()
    action = UnicodeAttribute()
    reason = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)
    ended_at_ms = NumberAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    obeyed_at_ms = NumberAttribute(null=True)
    by_port = ByPort()


def _event(item: PhantomEventItem) -> PhantomEvent:
    return PhantomEvent(
        event_id=item.event_id,
        owner_id=item.owner_id,
        port_id=item.port_id,
        port_name=item.port_name,
        device_id=item.device_id,
        device_uid=item.device_uid,
        detected_watts=float(item.detected_watts),
        detected_at_ms=int(item.detected_at_ms),
        started_at_ms=int(item.started_at_ms),
        action=item.action,  # type: ignore[arg-type]  # only Action is ever stored
        reason=item.reason,
        outcome=item.outcome,  # type: ignore[arg-type]  # only Outcome is ever stored
        ended_at_ms=None if item.ended_at_ms is None else int(item.ended_at_ms),
        verdict=item.verdict,  # type: ignore[arg-type]  # only right or wrong is ever stored
        obeyed_at_ms=None if item.obeyed_at_ms is None else int(item.obeyed_at_ms),
    )


def put_phantom_event(write: Transaction, event: PhantomEvent) -> None:
    """Add to a transaction: a new event."""
    item = PhantomEventItem(
        event.owner_id,
        event.event_id,
        port_id=event.port_id,
        port_name=event.port_name,
        device_id=event.device_id,
        device_uid=event.device_uid,
        detected_watts=event.detected_watts,
        detected_at_ms=event.detected_at_ms,
        started_at_ms=event.started_at_ms,
        action=event.action,
        reason=event.reason,
        outcome=event.outcome,
    )
    write.save(item, condition=PhantomEventItem.event_id.does_not_exist())


def put_progress(
    write: Transaction, owner_id: str, event_id: str, outcome: Outcome | None, ended_at_ms: int | None
) -> None:
    """Add to a transaction: how far an event has come."""
    actions = _progress(outcome, ended_at_ms)
    write.update(
        PhantomEventItem(owner_id, event_id), actions=list(actions), condition=PhantomEventItem.event_id.exists()
    )


def put_obeyed(write: Transaction, owner_id: str, event_id: str, at_ms: int) -> None:
    """Add to a transaction: the device switched off, and when."""
    actions = [*_progress("obeyed", None), PhantomEventItem.obeyed_at_ms.set(at_ms)]
    write.update(PhantomEventItem(owner_id, event_id), actions=actions, condition=PhantomEventItem.event_id.exists())


def put_verdict(write: Transaction, event: PhantomEvent, verdict: str, undone_at_ms: int | None) -> None:
    """Add to a transaction: what the person says of it now; undone_at_ms when that also ended the cut.

    The transaction fails when the person has said something else since the event was read.
    """
    actions = [PhantomEventItem.verdict.set(verdict)]
    if undone_at_ms is not None:
        actions += [PhantomEventItem.outcome.set("undone"), PhantomEventItem.ended_at_ms.set(undone_at_ms)]
    as_read = PhantomEventItem.verdict
    unchanged = as_read.does_not_exist() if event.verdict is None else as_read == event.verdict
    condition = PhantomEventItem.event_id.exists() & unchanged
    write.update(PhantomEventItem(event.owner_id, event.event_id), actions=list(actions), condition=condition)


def load_phantom_event(owner_id: str, event_id: str) -> PhantomEvent | None:
    """A person's event of this id, None if there is none."""
    try:
        return _event(PhantomEventItem.get(owner_id, event_id, consistent_read=True))
    except PhantomEventItem.DoesNotExist:
        return None


def load_events_of_owner(owner_id: str, limit: int, cursor: str | None) -> tuple[list[PhantomEvent], str | None]:
    """A page of a person's events, newest first, and the cursor to go on."""
    pages = PhantomEventItem.query(
        owner_id, limit=limit, scan_index_forward=False, last_evaluated_key=start_key(cursor), consistent_read=True
    )
    items, after = load_page(pages)
    return [_event(item) for item in items], after


def load_events_of_port(port_id: str, limit: int, cursor: str | None) -> tuple[list[PhantomEvent], str | None]:
    """A page of a port's events, newest first, and the cursor to go on."""
    pages = PhantomEventItem.by_port.query(
        port_id, limit=limit, scan_index_forward=False, last_evaluated_key=start_key(cursor)
    )
    items, after = load_page(pages)
    return [_event(item) for item in items], after


def load_obeyed_cuts(
    owner_id: str, port_id: str | None, first_ms: int, last_ms: int, limit: int | None = None, cursor: str | None = None
) -> tuple[list[PhantomEvent], str | None]:
    """A page of the cuts of a person, or of one port, that were found between two times and obeyed, newest first."""
    key = PhantomEventItem.event_id.between(f"{first_ms:013d}", f"{last_ms:013d}~")  # ~ sorts behind every id
    was_obeyed = PhantomEventItem.obeyed_at_ms.exists()
    start = start_key(cursor)
    if port_id is None:
        pages = PhantomEventItem.query(
            owner_id, key, was_obeyed, limit=limit, scan_index_forward=False, last_evaluated_key=start
        )
    else:
        pages = PhantomEventItem.by_port.query(
            port_id, key, was_obeyed, limit=limit, scan_index_forward=False, last_evaluated_key=start
        )
    items, after = load_page(pages)
    return [_event(item) for item in items], after


def remove_phantom_events_of_owner(owner_id: str, most: int) -> int:
    """Delete up to `most` events of a person; returns how many there were to delete."""
    found = [item.event_id for item in PhantomEventItem.query(owner_id, limit=most)]
    _remove([(owner_id, event_id) for event_id in found])
    return len(found)


def remove_phantom_events_of_port(port_id: str, most: int) -> int:
    """Delete up to `most` events of a port; returns how many there were to delete."""
    found = [(item.owner_id, item.event_id) for item in PhantomEventItem.by_port.query(port_id, limit=most)]
    _remove(found)
    return len(found)


def _remove(keys: list[tuple[str, str]]) -> None:
    with PhantomEventItem.batch_write() as batch:
        for owner_id, event_id in keys:
            batch.delete(PhantomEventItem(owner_id, event_id))


def _progress(outcome: Outcome | None, ended_at_ms: int | None) -> list[Action]:
    actions: list[Action] = [] if outcome is None else [PhantomEventItem.outcome.set(outcome)]
    if outcome == "contradicted" and ended_at_ms is None:  # with an end, it saved until then
        actions.append(PhantomEventItem.obeyed_at_ms.remove())
    return actions if ended_at_ms is None else [*actions, PhantomEventItem.ended_at_ms.set(ended_at_ms)]
