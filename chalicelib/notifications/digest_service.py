"""Weekly digests: each person who wants one gets one, on Monday morning, however often and late the schedule runs.

That the week is done and the digest itself are one transaction, on the condition that the week was not done yet.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

from chalicelib.accounts.model import Account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shards
from chalicelib.core.dynamo import Transaction
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.errors import Unavailable
from chalicelib.core.events import publish
from chalicelib.core.pagination import paginate
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection import silence
from chalicelib.detection.store import load_device_states
from chalicelib.devices.model import Device
from chalicelib.devices.store import load_devices_of_owner
from chalicelib.energy import reports
from chalicelib.notifications import settings_store
from chalicelib.notifications import store as notifications
from chalicelib.notifications.delivery import load_recipient
from chalicelib.notifications.model import Notification, NotificationAdded, PhantomEvent, time_ordered_id
from chalicelib.notifications.preferences import DIGEST
from chalicelib.notifications.weekly_digest import Drawing, Week, digest_week, headline, next_digest_ms, text

EVENTS_A_READ = 200
LOG = logging.getLogger("ghostwatt.digests")


def run(deadline: Deadline, now_ms: int) -> int:
    """Make the digests that are due until none is left or the time is over; returns how many were made.

    One that cannot be made stays due; its error is raised in the end.
    """
    made = 0
    with ErrorCollector(LOG) as errors:
        for owner_id in (
            owner_id for shard in shards() for owner_id in settings_store.load_owners_of_due_digests(shard, now_ms)
        ):
            if deadline.expired:
                break
            with errors.collect("a digest"), suppress(Unavailable):  # what it tells is still being summed up: later
                made += _make(owner_id, now_ms)
    return made


def _make(owner_id: str, now_ms: int) -> bool:
    recipient = load_recipient(owner_id)
    due_at_ms = recipient.settings.digest_due_at_ms if recipient else None
    if recipient is None or due_at_ms is None or due_at_ms > now_ms:
        return False  # the index lags, or the account is being closed
    week = _week(recipient.account, *digest_week(recipient.account.timezone, due_at_ms), now_ms)
    news = Notification(
        time_ordered_id(now_ms, f"digest-{owner_id}"), owner_id, DIGEST, headline(week), now_ms, details=text(week)
    )
    write = Transaction()
    settings_store.put_next_digest(write, recipient.settings, next_digest_ms(recipient.account.timezone, now_ms))
    notifications.put(write, news, deliver=True)
    if not write.commit():
        return False
    publish(NotificationAdded(news))
    return True


def _week(account: Account, from_ms: int, to_ms: int, now_ms: int) -> Week:
    events = list(_events(account.user_id, from_ms, to_ms))
    owned = load_devices_of_owner(account.user_id)
    return Week(
        cuts=sum(event.action == "auto_cut" for event in events),
        failed_cuts=sum(event.action == "auto_cut" and event.outcome == "contradicted" for event in events),
        found=sum(event.action == "notified" for event in events),
        drawing=_drawing(owned),
        offline=[device.name for device in owned if not device.online],
        energy=reports.describe_energy(account, from_ms, to_ms, now_ms),
    )


def _events(owner_id: str, from_ms: int, to_ms: int) -> Iterator[PhantomEvent]:
    """The phantom events of a span: they come newest first, so that reading stops where the span begins."""
    for event in paginate(lambda cursor: phantom_events.of_owner(owner_id, EVENTS_A_READ, cursor)):
        if event.detected_at_ms < from_ms:
            return
        if event.detected_at_ms < to_ms:
            yield event


def _drawing(owned: Sequence[Device]) -> list[Drawing]:
    """Outlets of devices that are online and idle but not off, the greediest first."""
    online = [device for device in owned if device.online and device.ports]
    known = load_device_states(device.device_uid for device in online)
    found = [
        Drawing(port.name, state.latest.power)
        for device in online
        if device.device_uid in known
        for port in device.ports
        if (state := known[device.device_uid].ports.get(port.port_id))
        and state.latest
        and state.status == "standby"
        and silence.since_ms(state, device.last_seen_ms) is None
    ]
    return sorted(found, key=lambda each: -each.watts)
