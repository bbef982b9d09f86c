"""Delivery of notifications by mail and webhook: the schedule gives it some seconds of every minute."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from chalicelib.accounts.store import load_open_account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shards
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.channels import Recipient
from chalicelib.notifications.delivery_round import DeliveryRound, cancel_delivery, load_due

LOG = logging.getLogger("ghostwatt.deliver")
WEBHOOKS_AT_ONCE = 20
"""A receiver that hangs holds a thread for 5 s: hundreds of them are tried in a minute, and waiting costs little."""
MAIL_SECONDS = 10.0
"""Mail's part of a run: a mail server that hangs leaves time for the webhooks of those whose mail comes first."""
MOST_OF_A_PERSON = 100
"""Notifications of one person in one run, so that others need not wait; the rest waits for the next run."""


def deliver_due(deadline: Deadline, now_ms: int) -> int:
    """Deliver the notifications that are due until none is left or the deadline has expired.

    Mail has this thread, and webhooks have threads of their own, so that a receiver that hangs delays no mail. Persons
    whose webhook failed the last time come last.

    Returns:
        The number of notifications that were tried.

    Raises:
        Exception: The first error of a notification that could not be reserved or settled; it stays due.
    """
    mail_deadline = Deadline(MAIL_SECONDS)
    posting: list[Future[None]] = []
    with ErrorCollector(LOG) as errors, ThreadPoolExecutor(WEBHOOKS_AT_ONCE, thread_name_prefix="webhook") as pool:
        rounds = list(_due_rounds(deadline, errors, now_ms))
        healthy = [due for due in rounds if not due.is_failing]
        failing = [due for due in rounds if due.is_failing]
        posting += [pool.submit(due.post_webhooks, deadline) for due in healthy if not due.wants_mail]
        for due in (due for due in [*healthy, *failing] if due.wants_mail):
            if not (deadline.expired or mail_deadline.expired):
                due.send_mails()
            if not due.is_failing:
                posting.append(pool.submit(due.post_webhooks, deadline))
        posting += [pool.submit(due.post_webhooks, deadline) for due in failing]
        for due in rounds:
            if not (deadline.expired or mail_deadline.expired):
                due.ask_to_confirm_address()
        for future in posting:
            future.result()
    return sum(len(due.tried) for due in rounds)


def _due_rounds(deadline: Deadline, errors: ErrorCollector, now_ms: int) -> Iterator[DeliveryRound]:
    """What is due by person; the person who has waited longest comes first."""
    by_owner: dict[str, list[str]] = {}
    for owner_id, notification_id in (key for shard in shards() for key in store.load_due_keys(shard, now_ms)):
        by_owner.setdefault(owner_id, []).append(notification_id)
    for owner_id, notification_ids in by_owner.items():
        if deadline.expired:
            return
        some = notification_ids[:MOST_OF_A_PERSON]
        with errors.collect(f"notification {some[0]}"):
            if recipient := load_recipient(owner_id):
                yield DeliveryRound(recipient, some, errors, now_ms)
            else:
                _cancel_all(owner_id, some, now_ms)


def _cancel_all(owner_id: str, notification_ids: Sequence[str], now_ms: int) -> None:
    for notification_id in notification_ids:
        if outgoing := load_due(owner_id, notification_id, now_ms):
            cancel_delivery(outgoing)


def load_recipient(owner_id: str) -> Recipient | None:
    """Load a person's choices and account; None without choices, or when the account is closed."""
    settings = settings_store.load_settings(owner_id)
    account = load_open_account(settings.email) if settings else None
    if settings is None or account is None or account.user_id != owner_id:
        return None
    return Recipient(settings, account)
