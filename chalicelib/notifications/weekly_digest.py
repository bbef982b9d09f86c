"""The weekly digest: each person who wants it gets one mail on Monday morning, whenever the schedule runs.

One transaction stores the digest and when the next one is due, on the condition that this has not been done yet.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from chalicelib.accounts.model import Account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shards
from chalicelib.core.dynamo import Transaction
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.errors import Unavailable
from chalicelib.core.event_bus import publish
from chalicelib.core.local_time import local, start_ms
from chalicelib.core.pagination import paginate
from chalicelib.detection import outlet_silence, phantom_event_store
from chalicelib.detection.model import PhantomEvent
from chalicelib.detection.store import load_device_states
from chalicelib.devices.model import Device
from chalicelib.devices.store import load_devices_of_owner
from chalicelib.energy import reports
from chalicelib.notifications import settings_store, store
from chalicelib.notifications.delivery import load_recipient
from chalicelib.notifications.model import Notification, NotificationAdded, time_ordered_id
from chalicelib.notifications.preferences import DIGEST

DIGEST_HOUR = 7
"""On Mondays, local time."""
SUNDAY = 6
"""A digest is due on one only where the account's time zone has changed meanwhile."""
MOST_LINES = 20
"""Of outlets, and of devices, so that the mail stays short."""
EVENTS_A_READ = 200
LOG = logging.getLogger("ghostwatt.digests")


@dataclass(frozen=True, slots=True)
class Drawing:
    """An outlet that draws power while it is idle: its name, and the watts of its newest reading."""

    name: str
    watts: float


@dataclass(frozen=True, slots=True)
class Week:
    """A person's week.

    Attributes:
        cuts: The number of cuts.
        failed_cuts: The cuts that the watts contradicted.
        found: The phantom events with a notification only.
        drawing: The outlets that draw standby now.
        offline: The names of the devices that are offline now.
        energy: Sentences about energy.
    """

    cuts: int
    failed_cuts: int
    found: int
    drawing: Sequence[Drawing]
    offline: Sequence[str]
    energy: Sequence[str]


def make_due_digests(deadline: Deadline, now_ms: int) -> int:
    """Make the digests that are due until none is left or the deadline has expired.

    Returns:
        The number of digests.

    Raises:
        Exception: The first error of a digest; that digest stays due, and the others are made.
    """
    made = 0
    with ErrorCollector(LOG) as errors:
        for owner_id in (
            owner_id for shard in shards() for owner_id in settings_store.load_owners_of_due_digests(shard, now_ms)
        ):
            if deadline.expired:
                break
            with errors.collect("a digest"), suppress(Unavailable):  # late readings are still being summed up
                made += _make(owner_id, now_ms)
    return made


def _make(owner_id: str, now_ms: int) -> bool:
    recipient = load_recipient(owner_id)
    due_at_ms = recipient.settings.digest_due_at_ms if recipient else None
    if recipient is None or due_at_ms is None or due_at_ms > now_ms:
        return False  # the index lags, or the account is being closed
    week = _week(recipient.account, *digest_week(recipient.account.timezone, due_at_ms), now_ms)
    digest = Notification(
        time_ordered_id(now_ms, f"digest-{owner_id}"),
        owner_id,
        DIGEST,
        headline(week),
        now_ms,
        details=digest_text(week),
    )
    write = Transaction()
    settings_store.put_next_digest(write, recipient.settings, next_digest_ms(recipient.account.timezone, now_ms))
    store.put_notification(write, digest, deliver=True)
    if not write.commit():
        return False
    publish(NotificationAdded(digest))
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
    """The phantom events of a span. They come newest first: reading stops where the span begins."""
    for event in paginate(lambda cursor: phantom_event_store.load_events_of_owner(owner_id, EVENTS_A_READ, cursor)):
        if event.detected_at_ms < from_ms:
            return
        if event.detected_at_ms < to_ms:
            yield event


def _drawing(owned: Sequence[Device]) -> list[Drawing]:
    """Outlets of online devices that draw standby now, the highest power first."""
    online = [device for device in owned if device.online and device.ports]
    states = load_device_states(device.device_uid for device in online)
    outlets = [
        Drawing(port.name, state.latest.power)
        for device in online
        if device.device_uid in states
        for port in device.ports
        if (state := states[device.device_uid].ports.get(port.port_id))
        and state.latest
        and state.status == "standby"
        and outlet_silence.since_ms(state, device.last_seen_ms) is None
    ]
    return sorted(outlets, key=lambda outlet: -outlet.watts)


def headline(week: Week) -> str:
    """Sum up a week in one sentence."""
    return f"Your week: {_count(week.cuts, 'cut')}, {_count(len(week.drawing), 'outlet')} still drawing standby"


def digest_text(week: Week) -> str:
    """Write the text of a digest."""
    lines = [f"{headline(week)}.", ""]
    lines.append(f"Cuts: {week.cuts}, of which {week.failed_cuts} failed. Found without a cut: {week.found}.")
    lines += week.energy
    lines += _listed("Still drawing standby:", [f"{outlet.name}: {outlet.watts:.1f} W" for outlet in week.drawing])
    lines += _listed("Offline now:", week.offline)
    return "\n".join(lines)


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = len(names) - MOST_LINES
    rest = [f"- and {more} more"] if more > 0 else []
    return ["", title, *(f"- {name}" for name in names[:MOST_LINES]), *rest]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def next_digest_ms(timezone: str, now_ms: int) -> int:
    """Find the next Monday morning, local time, after now (epoch ms)."""
    zone = ZoneInfo(timezone)
    today = local(now_ms, zone).date()
    monday = today - timedelta(days=today.weekday())
    this_week_ms = start_ms(monday, zone, DIGEST_HOUR)
    return this_week_ms if this_week_ms > now_ms else start_ms(monday + timedelta(weeks=1), zone, DIGEST_HOUR)


def digest_week(timezone: str, due_at_ms: int) -> tuple[int, int]:
    """Find the week of a digest: seven whole local days, so that no day is in two digests.

    Args:
        timezone: A name of the tz database.
        due_at_ms: When the digest is due (epoch ms), however late it is made.

    Returns:
        From Monday until before Monday (epoch ms).
    """
    zone = ZoneInfo(timezone)
    day = local(due_at_ms, zone).date()
    monday = day + timedelta(days=1) if day.weekday() == SUNDAY else day - timedelta(days=day.weekday())
    return start_ms(monday - timedelta(weeks=1), zone), start_ms(monday, zone)
