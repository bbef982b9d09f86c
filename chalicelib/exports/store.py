"""Exports by owner and number, kept a while longer than their files."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core.dynamo import DataAttribute, Item, table_name
from chalicelib.exports.model import KEPT_MS, RUN_LEASE_MS, Export, Format


class ExportItem(Item):
    class Meta:
        table_name = table_name("exports")

    owner_id = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    email = UnicodeAttribute()
    created_at_ms = NumberAttribute()
    first_ms = NumberAttribute()
    last_ms = NumberAttribute()
    formats = DataAttribute(tuple[Format, ...])
    file_key = UnicodeAttribute()
    lease_until_ms = NumberAttribute()
    state = UnicodeAttribute()
    bytes = NumberAttribute(null=True)
    error = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


def _export(item: ExportItem) -> Export:
    return Export(
        owner_id=item.owner_id,
        number=int(item.number),
        email=item.email,
        created_at_ms=int(item.created_at_ms),
        first_ms=int(item.first_ms),
        last_ms=int(item.last_ms),
        formats=item.formats,
        file_key=item.file_key,
        lease_until_ms=int(item.lease_until_ms),
        stored_state=item.state,  # type: ignore[arg-type]  # only State is ever stored
        bytes=None if item.bytes is None else int(item.bytes),
        stored_error=item.error,
    )


def add(export: Export) -> bool:
    """Store a new export; False when its number is taken."""
    item = ExportItem(
        export.owner_id,
        export.number,
        email=export.email,
        created_at_ms=export.created_at_ms,
        first_ms=export.first_ms,
        last_ms=export.last_ms,
        formats=export.formats,
        file_key=export.file_key,
        lease_until_ms=export.lease_until_ms,
        state=export.stored_state,
        expires_at=(export.created_at_ms + 2 * KEPT_MS) // 1_000,
    )
    return item.save_if(ExportItem.number.does_not_exist())


def load(owner_id: str, number: int) -> Export | None:
    """Load a person's export by its number, None if there is none."""
    try:
        return _export(ExportItem.get(owner_id, number, consistent_read=True))
    except ExportItem.DoesNotExist:
        return None


def of_owner(owner_id: str) -> list[Export]:
    """Load all stored exports of a person, the oldest first."""
    return [_export(item) for item in ExportItem.query(owner_id, consistent_read=True)]


def start(export: Export, now_ms: int) -> bool:
    """Store that the job has begun; False when it has begun before, or its time to begin is over."""
    actions = [ExportItem.state.set("running"), ExportItem.lease_until_ms.set(now_ms + RUN_LEASE_MS)]
    condition = (ExportItem.state == "waiting") & (ExportItem.lease_until_ms > now_ms)
    return _update(export, actions, condition)


def finish(export: Export, size_bytes: int) -> bool:
    """Store that the file is there; False when the export is gone."""
    actions = [ExportItem.state.set("ready"), ExportItem.bytes.set(size_bytes)]
    return _update(export, actions, ExportItem.state == "running")


def fail(export: Export, error: str) -> bool:
    """Store why there will be no file; False when the export is gone."""
    actions = [ExportItem.state.set("failed"), ExportItem.error.set(error)]
    return _update(export, actions, ExportItem.state == "running")


def withdraw(export: Export, error: str) -> bool:
    """Store why the file is no longer there; False when there was none."""
    actions = [ExportItem.state.set("failed"), ExportItem.error.set(error)]
    return _update(export, actions, ExportItem.state == "ready")


def remove(export: Export) -> None:
    """Delete an export."""
    ExportItem(export.owner_id, export.number).delete()


def _update(export: Export, actions: Sequence[Action], condition: Condition) -> bool:
    return ExportItem(export.owner_id, export.number).update_if(actions=list(actions), condition=condition)
