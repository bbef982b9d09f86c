"""A person's list of notifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.notifications import store
from chalicelib.notifications.model import Notification


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page of notifications, newest first, the cursor of the next page, and the number of all unread ones."""

    notifications: Sequence[Notification]
    cursor: str | None
    unread: int


def list_notifications(owner_id: str, limit: int, cursor: str | None) -> NotificationPage:
    """Load a page of a person's notifications.

    Raises:
        Invalid: The cursor is not one of ours (field cursor).
    """
    notifications, next_cursor = store.load_notifications(owner_id, limit, cursor)
    return NotificationPage(notifications, next_cursor, store.count_unread(owner_id))


def mark_read(owner_id: str, notification_ids: Sequence[str]) -> None:
    """Mark notifications as read; ids that are not the person's are ignored."""
    store.mark_read(owner_id, notification_ids)


def mark_all_read(owner_id: str) -> None:
    """Mark all notifications as read that are stored now."""
    store.mark_read(owner_id, store.load_unread_ids(owner_id))
