"""What a person was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.notifications import store
from chalicelib.notifications.model import Notification


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page, newest first, the cursor to go on, and how many there are unread in all."""

    notifications: Sequence[Notification]
    cursor: str | None
    unread: int


def of_owner(owner_id: str, limit: int, cursor: str | None) -> NotificationPage:
    """A page of a person's notifications."""
    found, after = store.of_owner(owner_id, limit, cursor)
    return NotificationPage(found, after, store.count_unread(owner_id))


def mark_read(owner_id: str, notification_ids: Sequence[str]) -> None:
    """Mark some as read; ids that are not the person's are passed over."""
    store.mark_read(owner_id, notification_ids)


def mark_all_read(owner_id: str) -> None:
    """Mark all as read that are there now."""
    store.mark_read(owner_id, store.unread_ids(owner_id))
