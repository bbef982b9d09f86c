"""Notifications, under their owner and by time; a sparse index holds the unread."""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.domain.events import NOTIFICATION_RETENTION_MS, Notification
from chalicelib.storage.base import Item, Transaction, condition_failed, load_page, start_key, table_name


class ByUnread(GlobalSecondaryIndex["NotificationItem"]):
    class Meta:
        index_name = "by_unread"
        projection = KeysOnlyProjection()

    unread_by = UnicodeAttribute(hash_key=True)
    notification_id = UnicodeAttribute(range_key=True)


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
    by_unread = ByUnread()


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
    )


def put(write: Transaction, notification: Notification) -> None:
    """Add to a transaction: a new notification, unread."""
    item = NotificationItem(
        notification.owner_id,
        notification.notification_id,
        kind=notification.kind,
        message=notification.message,
        at_ms=notification.at_ms,
        port_id=notification.port_id,
        device_id=notification.device_id,
        unread_by=notification.owner_id,
        expires_at=(notification.at_ms + NOTIFICATION_RETENTION_MS) // 1_000,
    )
    write.save(item, condition=NotificationItem.notification_id.does_not_exist())


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
        try:
            NotificationItem(owner_id, notification_id).update(
                actions=[NotificationItem.unread_by.remove()], condition=NotificationItem.notification_id.exists()
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise


def remove_some(owner_id: str, most: int) -> int:
    """Delete up to `most` of a person's; returns how many there were to delete."""
    found = [item.notification_id for item in NotificationItem.query(owner_id, limit=most)]
    with NotificationItem.batch_write() as batch:
        for notification_id in found:
            batch.delete(NotificationItem(owner_id, notification_id))
    return len(found)
