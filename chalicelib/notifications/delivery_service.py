"""Delivering notifications by mail and webhook: the schedule gives it some seconds of every minute."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from chalicelib.accounts.store import load_open_account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.devices.liveness import shards
from chalicelib.notifications import delivery_rounds as rounds
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.delivery_rounds import Round
from chalicelib.notifications.sending import Recipient

LOG = logging.getLogger("ghostwatt.deliver")
WEBHOOKS_AT_ONCE = 20
"""A receiver that hangs holds a thread for 5 s: hundreds of them are tried in a minute, and waiting costs little."""
MAIL_SECONDS = 10.0
"""Mail's part of a run: a mail server that hangs leaves time for the webhooks of those whose mail comes first."""
MOST_OF_A_PERSON = 100
"""Notifications of one person in one run, so that nobody waits for them; the others wait for the next run."""


def run(deadline: Deadline, now_ms: int) -> int:
    """Deliver what is due until nothing is left or the time is over; returns how many notifications were tried.

    Mail has this thread, and webhooks have threads of their own: a receiver that hangs holds up nobody's mail. Those
    whose webhook failed the last time come last. What cannot be taken or settled stays due; its error is raised in the
    end.
    """
    mail_deadline = Deadline(MAIL_SECONDS)
    posting: list[Future[None]] = []
    with ErrorCollector(LOG) as errors, ThreadPoolExecutor(WEBHOOKS_AT_ONCE, thread_name_prefix="webhook") as pool:
        due = list(_due(deadline, errors, now_ms))
        well = [each for each in due if not each.is_failing]
        failing = [each for each in due if each.is_failing]
        posting += [pool.submit(each.post, deadline) for each in well if not each.wants_mail]
        for each in (each for each in [*well, *failing] if each.wants_mail):
            if not (deadline.expired or mail_deadline.expired):
                each.send_mails()
            if not each.is_failing:
                posting.append(pool.submit(each.post, deadline))
        posting += [pool.submit(each.post, deadline) for each in failing]
        for each in due:
            if not (deadline.expired or mail_deadline.expired):
                each.ask_to_confirm()
        for future in posting:
            future.result()
    return sum(len(each.tried) for each in due)


def _due(deadline: Deadline, errors: ErrorCollector, now_ms: int) -> Iterator[Round]:
    """What is due, by person, whoever has waited longest first."""
    by_owner: dict[str, list[str]] = {}
    for owner_id, notification_id in (found for shard in shards() for found in store.due(shard, now_ms)):
        by_owner.setdefault(owner_id, []).append(notification_id)
    for owner_id, notification_ids in by_owner.items():
        if deadline.expired:
            return
        some = notification_ids[:MOST_OF_A_PERSON]
        with errors.collect(f"notification {some[0]}"):
            if recipient := recipient_of(owner_id):
                yield Round(recipient, some, errors, now_ms)
            else:
                _drop_all(owner_id, some, now_ms)


def _drop_all(owner_id: str, notification_ids: Sequence[str], now_ms: int) -> None:
    for notification_id in notification_ids:
        if outgoing := rounds.load_due(owner_id, notification_id, now_ms):
            rounds.drop(outgoing)


def recipient_of(owner_id: str) -> Recipient | None:
    """The person behind an owner's id; None without choices, or when the account is closed."""
    settings = settings_store.load(owner_id)
    account = load_open_account(settings.email) if settings else None
    if settings is None or account is None or account.user_id != owner_id:
        return None
    return Recipient(settings, account)
