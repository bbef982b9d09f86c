"""Delivering notifications by mail and webhook: the schedule gives it some seconds of every minute.

A notification is taken for a while before it is sent and settled after it, so that two runs at once do not both send
it, and a run that dies in between leads to one repeat at most, under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.accounts import Account
from chalicelib.domain.delivery import (
    LEASE_MS,
    Deliveries,
    Delivery,
    Undeliverable,
    delivered,
    due_at_ms,
    failed,
    quiet_until_ms,
    waiting,
)
from chalicelib.domain.events import Notification
from chalicelib.domain.liveness import shards
from chalicelib.domain.preferences import DIGEST, Failure, NotificationSettings, Outbound, Preferences
from chalicelib.services.apart import Apart
from chalicelib.services.deadline import OutOfTime
from chalicelib.services.delivery import mail, webhooks
from chalicelib.settings import settings as place
from chalicelib.storage import notification_settings as settings_store
from chalicelib.storage import notifications as store
from chalicelib.storage import users
from chalicelib.storage.notifications import Outgoing

LOG = logging.getLogger("ghostwatt.deliver")
Broken = dict[tuple[str, Outbound], Failure]
"""Channels of people that failed in this run, by owner and channel: their other news waits without a try of its own."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is told something: choices and account as they are now."""

    settings: NotificationSettings
    account: Account

    @property
    def preferences(self) -> Preferences:
        """What the person chose."""
        return self.settings.preferences


def run(out_of_time: OutOfTime, now_ms: int) -> int:
    """Deliver what is due until nothing is left or the time is over; returns how many notifications were tried.

    One that cannot be taken or settled stays due; its error is raised in the end.
    """
    tried, broken = 0, Broken()
    with Apart(LOG) as apart:
        for owner_id, notification_id in (found for shard in shards() for found in store.due(shard, now_ms)):
            if out_of_time():
                break
            with apart.one(f"notification {notification_id}"):
                tried += _take(owner_id, notification_id, broken, now_ms)
    return tried


def _take(owner_id: str, notification_id: str, broken: Broken, now_ms: int) -> bool:
    outgoing = store.load_outgoing(owner_id, notification_id)
    if outgoing is None or outgoing.due_at_ms > now_ms:
        return False  # the index lags: somebody else has it, or had it
    recipient = recipient_of(owner_id)
    chosen = recipient.preferences.outbound(outgoing.notification.kind) if recipient else ()
    if recipient is None or not chosen:
        store.save_deliveries(outgoing, outgoing.due_at_ms, outgoing.deliveries, None)
        return False
    quiet_ms = quiet_until_ms(recipient.preferences.quiet_hours, recipient.account.timezone, now_ms)
    if quiet_ms is not None:
        store.postpone(outgoing, quiet_ms)
        return False
    return _deliver(recipient, outgoing, chosen, broken, now_ms)


def recipient_of(owner_id: str) -> Recipient | None:
    """The person behind an owner's id; None without choices, or when the account is closed."""
    settings = settings_store.load(owner_id)
    account = users.load_open(settings.email) if settings else None
    if settings is None or account is None or account.user_id != owner_id:
        return None
    return Recipient(settings, account)


def _deliver(recipient: Recipient, outgoing: Outgoing, chosen: Sequence[Outbound], broken: Broken, now_ms: int) -> bool:
    held_until_ms = now_ms + LEASE_MS
    if not store.postpone(outgoing, held_until_ms):
        return False
    deliveries = dict(outgoing.deliveries)
    failures = dict(recipient.settings.failures)
    for channel in waiting(deliveries, chosen, now_ms):
        known = deliveries.get(channel, Delivery())
        failure = broken.get((recipient.settings.owner_id, channel)) or _try(
            recipient, channel, outgoing.notification, now_ms
        )
        deliveries[channel] = failed(known, now_ms) if failure else delivered(known)
        _remember(failures, channel, failure, deliveries[channel])
        if failure:
            broken[(recipient.settings.owner_id, channel)] = failure
    _settle(outgoing, held_until_ms, deliveries, chosen)
    if failures != recipient.settings.failures:
        settings_store.save_failures(recipient.settings, failures)
    return True


def _settle(outgoing: Outgoing, held_until_ms: int, deliveries: Deliveries, chosen: Sequence[Outbound]) -> None:
    if not store.save_deliveries(outgoing, held_until_ms, deliveries, due_at_ms(deliveries, chosen)):
        LOG.warning("notification %s was held for too long", outgoing.notification.notification_id)


def _remember(
    failures: dict[Outbound, Failure], channel: Outbound, failure: Failure | None, delivery: Delivery
) -> None:
    """The last thing that went wrong stays until the channel works again."""
    if failure is None:
        failures.pop(channel, None)
    else:
        failures[channel] = replace(failure, gave_up=delivery.state == "failed")


def _try(recipient: Recipient, channel: Outbound, notification: Notification, now_ms: int) -> Failure | None:
    try:
        send(recipient, channel, notification, now_ms)
    except Undeliverable as error:
        LOG.warning("%s failed: %s", channel, error)
        return Failure(str(error), now_ms, gave_up=False)
    return None


def send(recipient: Recipient, channel: Outbound, notification: Notification, now_ms: int) -> None:
    """Send a notification by one channel, once and now. Raises Undeliverable."""
    if channel == "email":
        mail.send(_mail(recipient.account.email, notification))
        return
    webhook = recipient.preferences.webhook
    if webhook is None:
        raise Undeliverable("There is no webhook.")
    webhooks.post(webhook, notification, now_ms)


def _mail(address: str, notification: Notification) -> mail.Mail:
    lines = [notification.details or f"{notification.message}.", "", f"More: {place().public_url}"]
    subject = notification.message if notification.kind == DIGEST else f"Ghostwatt: {notification.message}"
    return mail.Mail(notification.notification_id, address, subject, "\n".join(lines) + "\n")


def try_all(recipient: Recipient, notification: Notification, now_ms: int) -> Mapping[Outbound, Failure | None]:
    """Send a notification by every channel that is there, now, once; what went wrong on each, None for nothing."""
    preferences = recipient.preferences
    channels: list[Outbound] = ["email"] if preferences.email else []
    channels += ["webhook"] if preferences.webhook else []
    return {channel: _try(recipient, channel, notification, now_ms) for channel in channels}
