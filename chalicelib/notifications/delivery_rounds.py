"""One person's notifications in one run of the schedule: first the mails, then the webhook.

A notification is taken for a while before it is sent and settled after it, so that two runs at once do not both send
it, and a run that dies in between leads to one repeat at most, under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile

from chalicelib.accounts import throttle
from chalicelib.accounts.mail_link_service import send_first_confirmation
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.errors import TooMany
from chalicelib.core.settings import settings as place
from chalicelib.core.times import SECOND_MS
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.delivery import (
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
from chalicelib.notifications.sending import Recipient, attempt, by_mail, by_webhook
from chalicelib.notifications.store import Outgoing

LOG = logging.getLogger("ghostwatt.deliver")


@dataclass(frozen=True, slots=True)
class Item:
    """A notification that is due, and the channels that its owner wants it by."""

    outgoing: Outgoing
    chosen: Sequence[Outbound]

    @property
    def notification_id(self) -> str:
        """Its notification's."""
        return self.outgoing.notification.notification_id

    def delivery(self, channel: Outbound) -> Delivery:
        """How far it has come on a channel."""
        return self.outgoing.deliveries.get(channel, Delivery())

    def waits_for(self, channel: Outbound, now_ms: int) -> bool:
        """Whether a channel is to be tried now."""
        return channel in waiting(self.outgoing.deliveries, self.chosen, now_ms)


@dataclass(slots=True, eq=False)
class Round:
    """What is due to one person. A channel that failed is not tried again in the same run.

    Attributes:
        tried: The ids of the notifications that were sent, or should have been.
    """

    recipient: Recipient
    notification_ids: Sequence[str]
    errors: ErrorCollector
    now_ms: int
    tried: set[str] = field(default_factory=set)
    _items: list[Item] | None = None
    _failures: dict[Outbound, Failure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What last went wrong, so far."""
        self._failures = dict(self.recipient.settings.failures)

    @property
    def wants_mail(self) -> bool:
        """Whether some of it may go by mail."""
        return self.recipient.preferences.email

    @property
    def is_failing(self) -> bool:
        """Whether the webhook failed the last time."""
        return "webhook" in self.recipient.settings.failures

    def send_mails(self) -> None:
        """Send what goes by mail: each by itself, or all in one where more wait than may be sent."""
        items = sorted(self._due(), key=lambda item: item.outgoing.notification.at_ms)
        held = list(self._hold(item for item in items if item.waits_for("email", self.now_ms)))
        left = throttle.left(place().limits.mails, self._mails, self.now_ms) if len(held) > 1 else 1
        groups = [[item] for item in held] if len(held) <= left else [held]
        done = self._by_channel("email", groups, self._send_mail)
        self._items = [item for item in items if not item.waits_for("email", self.now_ms)] + done

    def ask_to_confirm(self) -> None:
        """Whoever wants mail, and has an account older than confirmations, is asked to confirm the address, once."""
        if self.recipient.settings.preferences.email:
            send_first_confirmation(self.recipient.account, self.now_ms)

    def post(self, deadline: Deadline) -> None:
        """Post what goes to the webhook, one after the other, while there is time."""
        waits = [item for item in self._due() if item.waits_for("webhook", self.now_ms)]
        held = self._hold(takewhile(lambda _: not deadline.expired, waits))
        self._by_channel("webhook", ([item] for item in held), self._post)

    def _due(self) -> list[Item]:
        """The notifications that are to leave now; those that nobody wants, or not yet, are put away."""
        if self._items is None:
            self._items = []
            for notification_id in self.notification_ids:
                with self.errors.collect(f"notification {notification_id}"):
                    self._items += self._load(notification_id)
        return self._items

    def _load(self, notification_id: str) -> list[Item]:
        outgoing = load_due(self.recipient.settings.owner_id, notification_id, self.now_ms)
        if outgoing is None:
            return []
        chosen = self.recipient.preferences.outbound(outgoing.notification.kind)
        if not chosen:
            drop(outgoing)
            return []
        timezone, quiet_hours = self.recipient.account.timezone, self.recipient.preferences.quiet_hours
        if (quiet_ms := quiet_until_ms(quiet_hours, timezone, self.now_ms)) is not None:
            store.postpone(outgoing, quiet_ms)
            return []
        return [Item(outgoing, chosen)]

    def _hold(self, items: Iterable[Item]) -> Iterator[Item]:
        """Take notifications for a while; those that somebody else was quicker to take are left out."""
        for item in items:
            with self.errors.collect(f"notification {item.notification_id}"):
                if store.postpone(item.outgoing, self.now_ms + LEASE_MS):
                    yield item

    def _by_channel(
        self, channel: Outbound, groups: Iterable[list[Item]], send: Callable[[list[Item]], Failure | None]
    ) -> list[Item]:
        """Send groups of held notifications, and settle each; returns them as they are then."""
        failure: Failure | None = None
        failures = dict(self._failures)
        done: list[Item] = []
        for group in groups:
            self.tried |= {item.notification_id for item in group}
            try:
                failure = failure or send(group)
            except TooMany as limited:
                until_ms = self.now_ms + (limited.retry_after_seconds or 1) * SECOND_MS
                done += [self._settle(item, channel, postponed(item.delivery(channel), until_ms)) for item in group]
                continue
            for item in group:
                known = item.delivery(channel)
                delivery = failed(known, self.now_ms) if failure else delivered(known)
                _remember(failures, channel, failure, delivery)
                done.append(self._settle(item, channel, delivery))
        if failures != self._failures:
            settings_store.save_failures(self.recipient.settings, failures)
            self._failures = failures
        return done

    def _settle(self, item: Item, channel: Outbound, delivery: Delivery) -> Item:
        deliveries = {**item.outgoing.deliveries, channel: delivery}
        next_ms = due_at_ms(deliveries, item.chosen)
        with self.errors.collect(f"notification {item.notification_id}"):
            if not store.save_deliveries(item.outgoing, self.now_ms + LEASE_MS, deliveries, next_ms):
                LOG.warning("notification %s was held for too long", item.notification_id)
        return replace(item, outgoing=replace(item.outgoing, deliveries=deliveries, due_at_ms=next_ms or 0))

    def _send_mail(self, group: list[Item]) -> Failure | None:
        throttle.take(place().limits.mails, self._mails, self.now_ms)
        notifications = [item.outgoing.notification for item in group]
        return attempt("email", lambda: by_mail(self.recipient, notifications), self.now_ms)

    def _post(self, group: list[Item]) -> Failure | None:
        (item,) = group
        call = partial(by_webhook, self.recipient, item.outgoing.notification, self.now_ms)
        return attempt("webhook", call, self.now_ms)

    @property
    def _mails(self) -> str:
        return mails_of(self.recipient.settings.owner_id)


def mails_of(owner_id: str) -> str:
    """Under which name a person's mails are counted."""
    return f"mails#{owner_id}"


def load_due(owner_id: str, notification_id: str, now_ms: int) -> Outgoing | None:
    """A notification that is due; None when the index lags: somebody else has it, or had it."""
    outgoing = store.load_outgoing(owner_id, notification_id)
    return outgoing if outgoing is not None and outgoing.due_at_ms <= now_ms else None


def drop(outgoing: Outgoing) -> None:
    """Nobody wants it to leave any more."""
    store.save_deliveries(outgoing, outgoing.due_at_ms, outgoing.deliveries, None)


def _remember(
    failures: dict[Outbound, Failure], channel: Outbound, failure: Failure | None, delivery: Delivery
) -> None:
    """The last thing that went wrong stays until the channel works again."""
    if failure is None:
        failures.pop(channel, None)
    else:
        failures[channel] = replace(failure, gave_up=delivery.state == "failed")
