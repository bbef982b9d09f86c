"""One person's notifications in one run of the schedule: first the mails, then the webhook.

A notification is reserved before it is sent and settled afterwards: two runs at once do not both send it, and a run
that dies in between leads to one repeat at most, under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile

from chalicelib.accounts.mail_links import send_first_confirmation
from chalicelib.core import shared_limits
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.errors import TooMany
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.channels import Recipient, send_mail, send_webhook, try_to_send
from chalicelib.notifications.delivery_rules import (
    LEASE_MS,
    Delivery,
    delivered,
    due_at_ms,
    failed,
    postponed,
    quiet_until_ms,
    waiting,
)
from chalicelib.notifications.preferences import Failure, Outbound
from chalicelib.notifications.store import Outgoing

LOG = logging.getLogger("ghostwatt.deliver")
Send = Callable[[list["DueNotification"]], Failure | None]
"""Sends reserved notifications as one; returns the failure, None if they were taken."""


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A notification that is due, and the channels that its owner chose for it."""

    outgoing: Outgoing
    channels: Sequence[Outbound]

    @property
    def notification_id(self) -> str:
        """The id of the notification."""
        return self.outgoing.notification.notification_id

    def delivery(self, channel: Outbound) -> Delivery:
        """Tell its progress on a channel."""
        return self.outgoing.deliveries.get(channel, Delivery())

    def waits_for(self, channel: Outbound, now_ms: int) -> bool:
        """Say whether a channel is to be tried now."""
        return channel in waiting(self.outgoing.deliveries, self.channels, now_ms)


@dataclass(slots=True, eq=False)
class DeliveryRound:
    """Delivers what is due to one person. A channel that failed is not tried again in the same run.

    Attributes:
        recipient: The person.
        notification_ids: The notifications that are due.
        errors: Collects the errors of notifications that cannot be reserved or settled.
        now_ms: The present (epoch ms).
        tried: The ids of the notifications that were sent, or should have been.
    """

    recipient: Recipient
    notification_ids: Sequence[str]
    errors: ErrorCollector
    now_ms: int
    tried: set[str] = field(default_factory=set)
    _items: list[DueNotification] | None = None
    _failures: dict[Outbound, Failure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Copy the failures so far, to see which are new."""
        self._failures = dict(self.recipient.settings.failures)

    @property
    def wants_mail(self) -> bool:
        """Whether some of them may go by mail."""
        return self.recipient.preferences.email

    @property
    def is_failing(self) -> bool:
        """Whether the webhook failed the last time."""
        return "webhook" in self.recipient.settings.failures

    def send_mails(self) -> None:
        """Send mails: one for each notification, or one for all where more are due than may be sent."""
        items = sorted(self._due(), key=lambda item: item.outgoing.notification.at_ms)
        reserved = list(self._reserve(item for item in items if item.waits_for("email", self.now_ms)))
        left = shared_limits.left(settings().limits.mails, self._mail_limit, self.now_ms) if len(reserved) > 1 else 1
        groups = [[item] for item in reserved] if len(reserved) <= left else [reserved]
        settled = self._by_channel("email", groups, self._send_mail)
        self._items = [item for item in items if not item.waits_for("email", self.now_ms)] + settled

    def ask_to_confirm_address(self) -> None:
        """Ask a person who wants mail, and whose account is older than confirmations, once to confirm the address."""
        if self.recipient.settings.preferences.email:
            send_first_confirmation(self.recipient.account, self.now_ms)

    def post_webhooks(self, deadline: Deadline) -> None:
        """Post to the webhook, one notification after the other, until the deadline has expired."""
        waits = [item for item in self._due() if item.waits_for("webhook", self.now_ms)]
        reserved = self._reserve(takewhile(lambda _: not deadline.expired, waits))
        self._by_channel("webhook", ([item] for item in reserved), self._send_webhook)

    def _due(self) -> list[DueNotification]:
        """The notifications to send now; those without a channel are cancelled, those in quiet hours postponed."""
        if self._items is None:
            self._items = []
            for notification_id in self.notification_ids:
                with self.errors.collect(f"notification {notification_id}"):
                    self._items += self._load(notification_id)
        return self._items

    def _load(self, notification_id: str) -> list[DueNotification]:
        outgoing = load_due(self.recipient.settings.owner_id, notification_id, self.now_ms)
        if outgoing is None:
            return []
        channels = self.recipient.preferences.outbound(outgoing.notification.kind)
        if not channels:
            cancel_delivery(outgoing)
            return []
        timezone, quiet_hours = self.recipient.account.timezone, self.recipient.preferences.quiet_hours
        if (quiet_ms := quiet_until_ms(quiet_hours, timezone, self.now_ms)) is not None:
            store.postpone_delivery(outgoing, quiet_ms)
            return []
        return [DueNotification(outgoing, channels)]

    def _reserve(self, items: Iterable[DueNotification]) -> Iterator[DueNotification]:
        """Reserve notifications; those that another run was quicker to reserve are left out."""
        for item in items:
            with self.errors.collect(f"notification {item.notification_id}"):
                if store.postpone_delivery(item.outgoing, self.now_ms + LEASE_MS):
                    yield item

    def _by_channel(
        self, channel: Outbound, groups: Iterable[list[DueNotification]], send: Send
    ) -> list[DueNotification]:
        """Send groups of reserved notifications and settle each; returns them as they are afterwards."""
        failure: Failure | None = None
        failures = dict(self._failures)
        settled: list[DueNotification] = []
        for group in groups:
            self.tried |= {item.notification_id for item in group}
            try:
                failure = failure or send(group)
            except TooMany as limited:
                until_ms = self.now_ms + (limited.retry_after_seconds or 1) * SECOND_MS
                settled += [self._settle(item, channel, postponed(item.delivery(channel), until_ms)) for item in group]
                continue
            for item in group:
                before = item.delivery(channel)
                delivery = failed(before, self.now_ms) if failure else delivered(before)
                _remember(failures, channel, failure, delivery)
                settled.append(self._settle(item, channel, delivery))
        if failures != self._failures:
            settings_store.save_failures(self.recipient.settings, failures)
            self._failures = failures
        return settled

    def _settle(self, item: DueNotification, channel: Outbound, delivery: Delivery) -> DueNotification:
        deliveries = {**item.outgoing.deliveries, channel: delivery}
        next_ms = due_at_ms(deliveries, item.channels)
        with self.errors.collect(f"notification {item.notification_id}"):
            if not store.save_deliveries(item.outgoing, self.now_ms + LEASE_MS, deliveries, next_ms):
                LOG.warning("notification %s was held for too long", item.notification_id)
        return replace(item, outgoing=replace(item.outgoing, deliveries=deliveries, due_at_ms=next_ms or 0))

    def _send_mail(self, group: list[DueNotification]) -> Failure | None:
        shared_limits.take(settings().limits.mails, self._mail_limit, self.now_ms)
        notifications = [item.outgoing.notification for item in group]
        return try_to_send("email", lambda: send_mail(self.recipient, notifications), self.now_ms)

    def _send_webhook(self, group: list[DueNotification]) -> Failure | None:
        (item,) = group
        send = partial(send_webhook, self.recipient, item.outgoing.notification, self.now_ms)
        return try_to_send("webhook", send, self.now_ms)

    @property
    def _mail_limit(self) -> str:
        return mail_limit_name(self.recipient.settings.owner_id)


def mail_limit_name(owner_id: str) -> str:
    """Name the rate limit that counts a person's mails."""
    return f"mails#{owner_id}"


def load_due(owner_id: str, notification_id: str, now_ms: int) -> Outgoing | None:
    """Load a notification that is due; None when the index lags, and another run has it, or had it."""
    outgoing = store.load_outgoing(owner_id, notification_id)
    return outgoing if outgoing is not None and outgoing.due_at_ms <= now_ms else None


def cancel_delivery(outgoing: Outgoing) -> None:
    """Store that a notification is not to be delivered any more."""
    store.save_deliveries(outgoing, outgoing.due_at_ms, outgoing.deliveries, None)


def _remember(
    failures: dict[Outbound, Failure], channel: Outbound, failure: Failure | None, delivery: Delivery
) -> None:
    """The last failure stays until the channel works again."""
    if failure is None:
        failures.pop(channel, None)
    else:
        failures[channel] = replace(failure, gave_up=delivery.state == "failed")
