"""Telling a person something: it is stored in the same transaction as what it tells, by the channels chosen for it."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.dynamo import Transaction
from chalicelib.notifications import settings_store as notification_settings
from chalicelib.notifications import store as notifications
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import Preferences
from chalicelib.realtime import publisher as live


def put(write: Transaction, notification: Notification) -> None:
    """Add to a transaction: the notification, due for delivery if it is to leave the house.

    Where the page is not chosen it stands in the list as read.
    """
    preferences = preferences_of(notification.owner_id)
    told = replace(notification, read=not preferences.on_page(notification.kind))
    notifications.put(write, told, deliver=bool(preferences.outbound(notification.kind)))


def message(notification: Notification) -> live.Message:
    """What open pages are shown of a stored notification: nothing where the page is not chosen for its kind."""
    on_page = preferences_of(notification.owner_id).on_page(notification.kind)
    return live.notification_message(notification) if on_page else None


def preferences_of(owner_id: str) -> Preferences:
    """What a person chose; who chose nothing is told on the page."""
    settings = notification_settings.load(owner_id)
    return Preferences() if settings is None else settings.preferences
