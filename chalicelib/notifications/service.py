"""A person's notifications: the list, and the settings of channels, quiet hours and the weekly digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts.model import Account
from chalicelib.core import mail, shared_limits
from chalicelib.core.concurrency import Slots
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.event_bus import publish
from chalicelib.core.identifiers import new_secret
from chalicelib.core.settings import settings
from chalicelib.notifications import channels, settings_store, store, webhooks
from chalicelib.notifications.delivery_round import mail_limit_name
from chalicelib.notifications.model import Notification, NotificationAdded, time_ordered_id
from chalicelib.notifications.preferences import Failure, NotificationSettings, Outbound, Preferences, Webhook
from chalicelib.notifications.weekly_digest import next_digest_ms

OUTBOUND_CALLS = Slots(in_all=8, per_person=1, retry_after_seconds=5)
"""Calls of a person's server, or of its name server, for which somebody waits: one that hangs takes 5 s."""


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page of notifications, newest first, the cursor of the next page, and the number of all unread ones."""

    notifications: Sequence[Notification]
    cursor: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class ChosenSettings:
    """Settings as they are stored; new_secret is there once, when one was made for the webhook."""

    settings: NotificationSettings
    new_secret: str | None = None


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


def is_mail_available() -> bool:
    """Say whether mail can be sent at all."""
    return mail.is_available()


def get_settings(account: Account) -> NotificationSettings:
    """Load a person's settings; the page alone where nothing was stored yet."""
    stored = settings_store.load_settings(account.user_id)
    return stored or NotificationSettings(account.user_id, account.email, Preferences(), {})


def choose_settings(account: Account, preferences: Preferences, now_ms: int) -> ChosenSettings:
    """Replace a person's choices. A webhook without a secret keeps its own, or is given one, which is shown once.

    Raises:
        Invalid: They cannot work; it names the field (email, webhook.url or weeklyDigest).
        Busy: Other changes were made at the same time.
    """
    _check(account, preferences)

    def attempt() -> ChosenSettings | None:
        before = get_settings(account)
        webhook, secret = _with_secret(preferences.webhook, before.preferences.webhook)
        choices = replace(preferences, webhook=webhook)
        failures = {
            channel: failure for channel, failure in before.failures.items() if _is_same(channel, before, choices)
        }
        digest_at_ms = before.digest_due_at_ms or next_digest_ms(account.timezone, now_ms)
        after = NotificationSettings(
            owner_id=account.user_id,
            email=account.email,
            preferences=choices,
            failures=failures,
            digest_due_at_ms=digest_at_ms if choices.weekly_digest else None,
            version=before.version,
        )
        return (
            ChosenSettings(replace(after, version=after.version + 1), secret)
            if settings_store.save_settings(after)
            else None
        )

    return retry_conflicts(attempt, "These settings keep changing.")


def _check(account: Account, preferences: Preferences) -> None:
    if preferences.email and not mail.is_available():
        raise Invalid("This server is not set up to send mail.", code="no_mail", field="email")
    if preferences.email and not mail.takes(account.email):
        raise Invalid("Mail cannot be sent to the address of this account.", code="invalid", field="email")
    if preferences.weekly_digest and not preferences.email:
        raise Invalid("The weekly digest is a mail: switch e-mail on for it.", code="required", field="weeklyDigest")
    if preferences.webhook is not None:
        with OUTBOUND_CALLS.taken(account.user_id):
            webhooks.check_webhook_url(preferences.webhook.url)


def _with_secret(webhook: Webhook | None, before: Webhook | None) -> tuple[Webhook | None, str | None]:
    """The webhook with its secret, and the secret if it was made just now."""
    if webhook is None or webhook.secret:
        return webhook, None
    if before is not None:
        return replace(webhook, secret=before.secret), None
    secret = new_secret()
    return replace(webhook, secret=secret), secret


def _is_same(channel: Outbound, before: NotificationSettings, choices: Preferences) -> bool:
    """Whether the failure of a channel still counts: another URL begins without one."""
    if channel == "webhook":
        return choices.webhook is not None and choices.webhook == before.preferences.webhook
    return choices.email


def send_test_notification(account: Account, now_ms: int) -> Mapping[Outbound, Failure | None]:
    """Send a notification now by every channel that was chosen; the page shows it in any case.

    Returns:
        The failure of each channel, None if it was taken.

    Raises:
        TooMany: The limit of tests or of mails is used up.
        Conflict: Another test was sent at the same moment.
    """
    shared_limits.count_attempt(f"notification-test#{account.user_id}", now_ms)
    stored = get_settings(account)
    if stored.preferences.email and account.is_confirmed:
        shared_limits.take(settings().limits.mails, mail_limit_name(account.user_id), now_ms)
    test = Notification(
        time_ordered_id(now_ms, f"test-{account.user_id}"),
        account.user_id,
        "test",
        "This is a test: notifications reach you this way",
        now_ms,
    )
    write = Transaction()
    store.put_notification(write, test)
    if not write.commit():
        raise Conflict("A test was sent just now; try again.", code="busy")
    publish(NotificationAdded(test))
    with OUTBOUND_CALLS.taken(account.user_id):
        results = channels.send_by_all_channels(channels.Recipient(stored, account), test, now_ms)
    if stored.preferences.email and not account.is_confirmed:
        return {"email": Failure("The address of this account is not confirmed yet.", now_ms, gave_up=False), **results}
    return results
