"""Channels: send notifications to one person by mail or webhook, once and now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts.model import Account
from chalicelib.core import mail
from chalicelib.core.errors import Undeliverable
from chalicelib.core.settings import settings
from chalicelib.core.times import iso
from chalicelib.notifications import webhooks
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import DIGEST, Failure, NotificationSettings, Outbound, Preferences

LOG = logging.getLogger("ghostwatt.deliver")
SUBJECTS = {
    "device_offline": "A device is offline",
    "device_flapping": "A device keeps losing its connection",
    "phantom": "Standby power found",
    "cut": "An outlet was cut",
    "cut_failed": "A cut did not work",
    "always_on": "An appliance is always on",
    "spool_dropped": "Readings were lost",
    "outlet_silent": "A meter is silent",
    "relay_failed": "A relay does not obey",
    "protected_off": "A protected outlet was switched off",
    "pairing_refused": "Somebody tried to pair a device of yours",
    "test": "This is a test",
}
"""Subjects of mails by kind of notification; the weekly digest has its headline. None holds a name that somebody gave
to a device or an outlet: a mail program shows the subject first, also to a stranger."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who receives notifications: choices and account as they are now."""

    settings: NotificationSettings
    account: Account

    @property
    def preferences(self) -> Preferences:
        """The person's choices, without mail before the address is confirmed. Nothing else decides about that."""
        preferences = self.settings.preferences
        return preferences if self.account.is_confirmed else replace(preferences, email=False)


def try_to_send(channel: Outbound, send: Callable[[], None], now_ms: int) -> Failure | None:
    """Call a function that sends; return the failure, None if it was taken."""
    try:
        send()
    except Undeliverable as error:
        LOG.warning("%s failed: %s", channel, error)
        return Failure(str(error), now_ms, gave_up=False)
    return None


def send_mail(recipient: Recipient, notifications: Sequence[Notification]) -> None:
    """Send a notification by mail, or several in one mail.

    Raises:
        Undeliverable: The mail server did not take it.
    """
    mail.send(_mail(recipient.account.email, notifications))


def send_webhook(recipient: Recipient, notification: Notification, now_ms: int) -> None:
    """Post a notification to the person's webhook.

    Raises:
        Undeliverable: The receiver did not take it, or there is no webhook.
    """
    webhook = recipient.preferences.webhook
    if webhook is None:
        raise Undeliverable("There is no webhook.")
    webhooks.post_webhook(webhook, notification, now_ms)


def send_by_all_channels(
    recipient: Recipient, notification: Notification, now_ms: int
) -> Mapping[Outbound, Failure | None]:
    """Send a notification by every channel that the person has; return the failure of each, None if it was taken."""
    results: dict[Outbound, Failure | None] = {}
    if recipient.preferences.email:
        results["email"] = try_to_send("email", lambda: send_mail(recipient, [notification]), now_ms)
    if recipient.preferences.webhook:
        results["webhook"] = try_to_send("webhook", lambda: send_webhook(recipient, notification, now_ms), now_ms)
    return results


def _mail(address: str, notifications: Sequence[Notification]) -> mail.Mail:
    newest = notifications[-1]
    lines = [newest.details or f"{newest.message}."]
    subject = newest.message if newest.kind == DIGEST else subject_of(newest.kind)
    mail_id = newest.notification_id
    if len(notifications) > 1:
        subject, mail_id = f"Ghostwatt: {len(notifications)} notifications", f"{mail_id}-and-others"
        lines = [
            f"{iso(notification.at_ms)}  {notification.details or f'{notification.message}.'}"
            for notification in notifications
        ]
    return mail.Mail(mail_id, address, subject, "\n".join([*lines, "", f"More: {settings().public_url}"]) + "\n")


def subject_of(kind: str) -> str:
    """The subject of a mail about a notification of this kind."""
    return f"Ghostwatt: {SUBJECTS.get(kind, 'News of your home')}"
