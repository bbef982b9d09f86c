"""The outbox: a notification is stored in one transaction with the fact that it tells, due on its chosen channels."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.dynamo import Transaction
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import Preferences


def enqueue_notification(write: Transaction, notification: Notification) -> Notification:
    """Add to a transaction: a notification, due for delivery by the channels that its owner chose for its kind.

    Returns:
        The notification as it will be stored: as read, where the page is not chosen.
    """
    preferences = load_preferences(notification.owner_id)
    stored = replace(notification, read=not preferences.on_page(notification.kind))
    store.put_notification(write, stored, deliver=bool(preferences.outbound(notification.kind)))
    return stored


def load_preferences(owner_id: str) -> Preferences:
    """Load what a person chose; without choices the page shows everything."""
    settings = settings_store.load_settings(owner_id)
    return Preferences() if settings is None else settings.preferences
