"""Sending to one person by one channel, once and now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts.model import Account
from chalicelib.core import mail
from chalicelib.core.mail_subjects import subject_of
from chalicelib.core.settings import settings as place
from chalicelib.core.times import iso
from chalicelib.notifications import webhooks
from chalicelib.notifications.delivery import Undeliverable
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import DIGEST, Failure, NotificationSettings, Outbound, Preferences

LOG = logging.getLogger("ghostwatt.deliver")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is told something: choices and account as they are now."""

    settings: NotificationSettings
    account: Account

    @property
    def preferences(self) -> Preferences:
        """What the person chose, less mail before the address is confirmed: nothing else decides about that."""
        chosen = self.settings.preferences
        return chosen if self.account.is_confirmed else replace(chosen, email=False)


def attempt(channel: Outbound, call: Callable[[], None], now_ms: int) -> Failure | None:
    """Send something; what went wrong, None for nothing."""
    try:
        call()
    except Undeliverable as error:
        LOG.warning("%s failed: %s", channel, error)
        return Failure(str(error), now_ms, gave_up=False)
    return None


def by_mail(recipient: Recipient, notifications: Sequence[Notification]) -> None:
    """Send a notification by mail, or several in one mail. Raises Undeliverable."""
    mail.send(_mail(recipient.account.email, notifications))


def by_webhook(recipient: Recipient, notification: Notification, now_ms: int) -> None:
    """Post a notification to the person's webhook. Raises Undeliverable."""
    webhook = recipient.preferences.webhook
    if webhook is None:
        raise Undeliverable("There is no webhook.")
    webhooks.post(webhook, notification, now_ms)


def by_all(recipient: Recipient, notification: Notification, now_ms: int) -> Mapping[Outbound, Failure | None]:
    """Send a notification by every channel that is there; what went wrong on each, None for nothing."""
    results: dict[Outbound, Failure | None] = {}
    if recipient.preferences.email:
        results["email"] = attempt("email", lambda: by_mail(recipient, [notification]), now_ms)
    if recipient.preferences.webhook:
        results["webhook"] = attempt("webhook", lambda: by_webhook(recipient, notification, now_ms), now_ms)
    return results


def _mail(address: str, notifications: Sequence[Notification]) -> mail.Mail:
    newest = notifications[-1]
    lines = [newest.details or f"{newest.message}."]
    subject = newest.message if newest.kind == DIGEST else subject_of(newest.kind)
    mail_id = newest.notification_id
    if len(notifications) > 1:
        subject, mail_id = f"Ghostwatt: {len(notifications)} notifications", f"{mail_id}-and-others"
        lines = [f"{iso(each.at_ms)}  {each.details or f'{each.message}.'}" for each in notifications]
    return mail.Mail(mail_id, address, subject, "\n".join([*lines, "", f"More: {place().public_url}"]) + "\n")
