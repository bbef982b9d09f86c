"""Rules of delivery: when a notification goes out, and what happens when a channel fails."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.core.local_time import local
from chalicelib.core.times import DAY_MS, MINUTE_MS
from chalicelib.notifications.preferences import Outbound, QuietHours

RETRY_AFTER_MINUTES = (1, 5, 15, 60, 240)
"""Pauses between tries: an outage of five hours is outlived; a channel that fails for longer is given up."""
LEASE_MS = 2 * MINUTE_MS
"""How long a notification is reserved for one deliverer: longer than a run of the schedule lasts."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The progress of a notification on one channel."""

    state: Literal["waiting", "delivered", "failed"] = "waiting"
    attempts: int = 0
    next_at_ms: int = 0


Deliveries = Mapping[Outbound, Delivery]


def waiting(deliveries: Deliveries, channels: Collection[Outbound], now_ms: int) -> list[Outbound]:
    """Find the channels that are to be tried now."""
    progress = {channel: deliveries.get(channel, Delivery()) for channel in channels}
    return [
        channel
        for channel, delivery in progress.items()
        if delivery.state == "waiting" and delivery.next_at_ms <= now_ms
    ]


def due_at_ms(deliveries: Deliveries, channels: Collection[Outbound]) -> int | None:
    """Find when the next channel is to be tried (epoch ms), None when all are settled."""
    progress = (deliveries.get(channel, Delivery()) for channel in channels)
    return min((delivery.next_at_ms for delivery in progress if delivery.state == "waiting"), default=None)


def failed(delivery: Delivery, now_ms: int) -> Delivery:
    """Note a failed try: each pause is longer than the last one, until the channel is given up."""
    tried = replace(delivery, attempts=delivery.attempts + 1)
    if tried.attempts > len(RETRY_AFTER_MINUTES):
        return replace(tried, state="failed")
    return replace(tried, next_at_ms=now_ms + RETRY_AFTER_MINUTES[tried.attempts - 1] * MINUTE_MS)


def postponed(delivery: Delivery, at_ms: int) -> Delivery:
    """Postpone the next try, without counting one."""
    return replace(delivery, next_at_ms=at_ms)


def delivered(delivery: Delivery) -> Delivery:
    """Note a try that worked."""
    return replace(delivery, state="delivered", attempts=delivery.attempts + 1)


def quiet_until_ms(quiet: QuietHours | None, timezone: str, at_ms: int) -> int | None:
    """Find when the quiet hours around a moment end (epoch ms), None when it lies in none.

    The wall clock decides, minute by minute, so that days on which it is moved need no rule of their own.
    """
    zone = ZoneInfo(timezone)
    if quiet is None or not quiet.hold(_minute_of_day(at_ms, zone)):
        return None
    first = at_ms // MINUTE_MS * MINUTE_MS
    later = range(first + MINUTE_MS, first + 2 * DAY_MS, MINUTE_MS)
    return next(moment for moment in later if not quiet.hold(_minute_of_day(moment, zone)))


def _minute_of_day(at_ms: int, zone: ZoneInfo) -> int:
    wall_clock = local(at_ms, zone)
    return 60 * wall_clock.hour + wall_clock.minute
