"""Delivering notifications: when they go out, and what happens when a channel fails."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.core.local_time import local, start_ms
from chalicelib.core.times import DAY_MS, MINUTE_MS
from chalicelib.notifications.preferences import Outbound, QuietHours

DIGEST_HOUR = 7
"""On Mondays, local time."""
SUNDAY = 6
"""A digest is due on one only where the account's time zone has changed meanwhile."""
RETRY_AFTER_MINUTES = (1, 5, 15, 60, 240)
"""Pauses between tries: an outage of five hours is outlived; what fails for longer is given up."""
LEASE_MS = 2 * MINUTE_MS
"""For so long a notification is its deliverer's alone: longer than a run of the schedule lasts."""


class Undeliverable(Exception):
    """A channel did not take a notification; the text says why, in one sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a notification has come on one channel."""

    state: Literal["waiting", "delivered", "failed"] = "waiting"
    attempts: int = 0
    next_at_ms: int = 0


Deliveries = Mapping[Outbound, Delivery]


def waiting(deliveries: Deliveries, channels: Collection[Outbound], now_ms: int) -> list[Outbound]:
    """The channels of these that are to be tried now."""
    known = {channel: deliveries.get(channel, Delivery()) for channel in channels}
    return [name for name, delivery in known.items() if delivery.state == "waiting" and delivery.next_at_ms <= now_ms]


def due_at_ms(deliveries: Deliveries, channels: Collection[Outbound]) -> int | None:
    """When the next of these channels is to be tried, None when all are settled."""
    known = (deliveries.get(channel, Delivery()) for channel in channels)
    return min((delivery.next_at_ms for delivery in known if delivery.state == "waiting"), default=None)


def failed(delivery: Delivery, now_ms: int) -> Delivery:
    """After a try that failed: the next one comes later each time, until it is given up."""
    tried = replace(delivery, attempts=delivery.attempts + 1)
    if tried.attempts > len(RETRY_AFTER_MINUTES):
        return replace(tried, state="failed")
    return replace(tried, next_at_ms=now_ms + RETRY_AFTER_MINUTES[tried.attempts - 1] * MINUTE_MS)


def postponed(delivery: Delivery, at_ms: int) -> Delivery:
    """To be tried at that time, which counts as no try."""
    return replace(delivery, next_at_ms=at_ms)


def delivered(delivery: Delivery) -> Delivery:
    """After a try that worked."""
    return replace(delivery, state="delivered", attempts=delivery.attempts + 1)


def quiet_until_ms(quiet: QuietHours | None, timezone: str, at_ms: int) -> int | None:
    """When the quiet hours end that this moment lies in, None when it lies in none.

    The clock on the wall decides, minute by minute, so that days on which it is moved need no rule of their own.
    """
    zone = ZoneInfo(timezone)
    if quiet is None or not quiet.hold(_minute_of_day(at_ms, zone)):
        return None
    first = at_ms // MINUTE_MS * MINUTE_MS
    later = range(first + MINUTE_MS, first + 2 * DAY_MS, MINUTE_MS)
    return next(moment for moment in later if not quiet.hold(_minute_of_day(moment, zone)))


def _minute_of_day(at_ms: int, zone: ZoneInfo) -> int:
    clock = local(at_ms, zone)
    return 60 * clock.hour + clock.minute


def next_digest_ms(timezone: str, now_ms: int) -> int:
    """The next Monday morning, local time, after now (epoch ms)."""
    zone = ZoneInfo(timezone)
    today = local(now_ms, zone).date()
    monday = today - timedelta(days=today.weekday())
    this_week_ms = start_ms(monday, zone, DIGEST_HOUR)
    return this_week_ms if this_week_ms > now_ms else start_ms(monday + timedelta(weeks=1), zone, DIGEST_HOUR)


def digest_week(timezone: str, due_at_ms: int) -> tuple[int, int]:
    """The week of the digest that is due then: seven whole local days, from Monday until before Monday (epoch ms).

    Whatever the hour, and however late it is made, no day is in two digests.
    """
    zone = ZoneInfo(timezone)
    day = local(due_at_ms, zone).date()
    monday = day + timedelta(days=1) if day.weekday() == SUNDAY else day - timedelta(days=day.weekday())
    return start_ms(monday - timedelta(weeks=1), zone), start_ms(monday, zone)
