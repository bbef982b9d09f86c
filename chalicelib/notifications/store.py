"""Notifications, under their owner and by time; sparse indexes hold the unread, and those still to be delivered.

A notification is its own outbox: it is written with the time when it falls due for delivery, so that nothing that a
person is told can be stored and not delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.core.due_index import shard
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.core.pagination import load_page, start_key
from chalicelib.notifications.delivery_rules import Deliveries, Delivery
from chalicelib.notifications.model import NOTIFICATION_RETENTION_MS, Notification
from chalicelib.notifications.preferences import Outbound


class ByUnread(GlobalSecondaryIndex["NotificationItem"]):
    class Meta:
        index_name = "by_unread"
        projection = KeysOnlyProjection()

    unread_by = UnicodeAttribute(hash_key=True)
    notification_id = UnicodeAttribute(range_key=True)


class ByDelivery(GlobalSecondaryIndex["NotificationItem"]):
    class Meta:
        index_name = "by_delivery"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at_ms = NumberAttribute(range_key=True)


class NotificationItem(Item):
    class Meta:
        table_name = table_name("notifications")

    owner_id = UnicodeAttribute(hash_key=True)
    notification_id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    message = UnicodeAttribute()
    at_ms = NumberAttribute()
    port_id = UnicodeAttribute(null=True)
    device_id = UnicodeAttribute(null=True)
    unread_by = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    details = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at_ms = NumberAttribute(null=True)
    deliveries = DataAttribute(dict[Outbound, Delivery], null=True)
    by_unread = ByUnread()
    by_delivery = ByDelivery()


def _notification(item: NotificationItem) -> Notification:
    return Notification(
        notification_id=item.notification_id,
        owner_id=item.owner_id,
        kind=item.kind,
        message=item.message,
        at_ms=int(item.at_ms),
        port_id=item.port_id,
        device_id=item.device_id,
        read=item.unread_by is None,
        details=item.details,
    )


def put(write: Transaction, notification: Notification, *, deliver: bool = False) -> None:
    """Add to a transaction: a new notification, unread unless it says otherwise; deliver makes it due at once."""
    item = NotificationItem(
        notification.owner_id,
        notification.notification_id,
        kind=notification.kind,
        message=notification.message,
        at_ms=notification.at_ms,
        port_id=notification.port_id,
        device_id=notification.device_id,
        unread_by=None if notification.read else notification.owner_id,
        expires_at=(notification.at_ms + NOTIFICATION_RETENTION_MS) // 1_000,
        details=notification.details,
        due_shard=shard(notification.owner_id) if deliver else None,
        due_at_ms=notification.at_ms if deliver else None,
    )
    write.save(item, condition=NotificationItem.notification_id.does_not_exist())


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notification on its way: how far it has come on each channel, and when it is due."""

    notification: Notification
    deliveries: Deliveries
    due_at_ms: int


def due(due_shard: str, now_ms: int) -> Iterator[tuple[str, str]]:
    """Owner and id of each notification in one shard that is due for delivery; reads only those."""
    for item in NotificationItem.by_delivery.query(due_shard, NotificationItem.due_at_ms <= now_ms):
        yield item.owner_id, item.notification_id


def load_outgoing(owner_id: str, notification_id: str) -> Outgoing | None:
    """A notification that is still to be delivered, None if there is no such one."""
    try:
        item = NotificationItem.get(owner_id, notification_id, consistent_read=True)
    except NotificationItem.DoesNotExist:
        return None
    due_at_ms: float | None = item.due_at_ms
    return None if due_at_ms is None else Outgoing(_notification(item), item.deliveries or {}, int(due_at_ms))


def postpone(outgoing: Outgoing, due_at_ms: int) -> bool:
    """Let it fall due later, and nobody else take it until then; False when somebody else was quicker."""
    return _deliver(outgoing, [NotificationItem.due_at_ms.set(due_at_ms)], outgoing.due_at_ms)


def save_deliveries(outgoing: Outgoing, held_until_ms: int, deliveries: Deliveries, due_at_ms: int | None) -> bool:
    """Store how far it has come, and when it falls due again, None for never.

    False when it was held for so long that somebody else has taken it.
    """
    due = (
        [NotificationItem.due_shard.remove(), NotificationItem.due_at_ms.remove()]
        if due_at_ms is None
        else [NotificationItem.due_at_ms.set(due_at_ms)]
    )
    return _deliver(outgoing, [NotificationItem.deliveries.set(dict(deliveries)), *due], held_until_ms)


def _deliver(outgoing: Outgoing, actions: list[Action], due_at_ms: int) -> bool:
    item = NotificationItem(outgoing.notification.owner_id, outgoing.notification.notification_id)
    return item.update_if(actions=actions, condition=NotificationItem.due_at_ms == due_at_ms)


def of_owner(owner_id: str, limit: int, cursor: str | None) -> tuple[list[Notification], str | None]:
    """A page of a person's notifications, newest first, and the cursor to go on."""
    pages = NotificationItem.query(
        owner_id, limit=limit, scan_index_forward=False, last_evaluated_key=start_key(cursor), consistent_read=True
    )
    items, after = load_page(pages)
    return [_notification(item) for item in items], after


def count_unread(owner_id: str) -> int:
    """How many a person has not read."""
    return NotificationItem.by_unread.count(owner_id)


def unread_ids(owner_id: str) -> list[str]:
    """The ids of all that a person has not read."""
    return [item.notification_id for item in NotificationItem.by_unread.query(owner_id)]


def mark_read(owner_id: str, notification_ids: Iterable[str]) -> None:
    """Mark some as read; ids that are not the person's are passed over."""
    for notification_id in notification_ids:
        NotificationItem(owner_id, notification_id).update_if(
            actions=[NotificationItem.unread_by.remove()], condition=NotificationItem.notification_id.exists()
        )


def remove_some(owner_id: str, most: int) -> int:
    """Delete up to `most` of a person's; returns how many there were to delete."""
    found = [item.notification_id for item in NotificationItem.query(owner_id, limit=most)]
    with NotificationItem.batch_write() as batch:
        for notification_id in found:
            batch.delete(NotificationItem(owner_id, notification_id))
    return len(found)
