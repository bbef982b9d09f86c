"""Notifications by owner and time; sparse indexes hold the unread, and those still to be delivered.

A notification is its own outbox entry: it is stored with the time when it is due for delivery, so that none can be
stored and then not delivered.
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


def put_notification(write: Transaction, notification: Notification, *, deliver: bool = False) -> None:
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
    """A notification to be delivered: its progress on each channel, and when it is due (epoch ms)."""

    notification: Notification
    deliveries: Deliveries
    due_at_ms: int


def load_due_keys(due_shard: str, now_ms: int) -> Iterator[tuple[str, str]]:
    """Find the notifications of one shard that are due for delivery, as pairs of owner and id; reads only those."""
    for item in NotificationItem.by_delivery.query(due_shard, NotificationItem.due_at_ms <= now_ms):
        yield item.owner_id, item.notification_id


def load_outgoing(owner_id: str, notification_id: str) -> Outgoing | None:
    """Load a notification that is still to be delivered, None if there is none."""
    try:
        item = NotificationItem.get(owner_id, notification_id, consistent_read=True)
    except NotificationItem.DoesNotExist:
        return None
    due_at_ms: float | None = item.due_at_ms
    return None if due_at_ms is None else Outgoing(_notification(item), item.deliveries or {}, int(due_at_ms))


def postpone_delivery(outgoing: Outgoing, due_at_ms: int) -> bool:
    """Make it due later, which reserves it until then; False when another run was quicker."""
    return _update_due(outgoing, [NotificationItem.due_at_ms.set(due_at_ms)], outgoing.due_at_ms)


def save_deliveries(outgoing: Outgoing, held_until_ms: int, deliveries: Deliveries, due_at_ms: int | None) -> bool:
    """Store the progress of a reserved notification.

    Args:
        outgoing: The notification.
        held_until_ms: Until when it was reserved (epoch ms).
        deliveries: The progress on each channel.
        due_at_ms: When it is due again (epoch ms), None for never.

    Returns:
        False when it was held for so long that another run has reserved it.
    """
    due = (
        [NotificationItem.due_shard.remove(), NotificationItem.due_at_ms.remove()]
        if due_at_ms is None
        else [NotificationItem.due_at_ms.set(due_at_ms)]
    )
    return _update_due(outgoing, [NotificationItem.deliveries.set(dict(deliveries)), *due], held_until_ms)


def _update_due(outgoing: Outgoing, actions: list[Action], due_at_ms: int) -> bool:
    item = NotificationItem(outgoing.notification.owner_id, outgoing.notification.notification_id)
    return item.update_if(actions=actions, condition=NotificationItem.due_at_ms == due_at_ms)


def load_notifications(owner_id: str, limit: int, cursor: str | None) -> tuple[list[Notification], str | None]:
    """Load a page of a person's notifications, newest first, and the cursor of the next page."""
    pages = NotificationItem.query(
        owner_id, limit=limit, scan_index_forward=False, last_evaluated_key=start_key(cursor), consistent_read=True
    )
    items, after = load_page(pages)
    return [_notification(item) for item in items], after


def count_unread(owner_id: str) -> int:
    """Count the unread notifications of a person."""
    return NotificationItem.by_unread.count(owner_id)


def load_unread_ids(owner_id: str) -> list[str]:
    """Load the ids of a person's unread notifications."""
    return [item.notification_id for item in NotificationItem.by_unread.query(owner_id)]


def mark_read(owner_id: str, notification_ids: Iterable[str]) -> None:
    """Mark notifications as read; ids that are not the person's are ignored."""
    for notification_id in notification_ids:
        NotificationItem(owner_id, notification_id).update_if(
            actions=[NotificationItem.unread_by.remove()], condition=NotificationItem.notification_id.exists()
        )


def remove_some_notifications(owner_id: str, most: int) -> int:
    """Delete up to `most` notifications of a person.

    Returns:
        The number of notifications deleted; fewer than `most` when all are gone.
    """
    ids = [item.notification_id for item in NotificationItem.query(owner_id, limit=most)]
    with NotificationItem.batch_write() as batch:
        for notification_id in ids:
            batch.delete(NotificationItem(owner_id, notification_id))
    return len(ids)
