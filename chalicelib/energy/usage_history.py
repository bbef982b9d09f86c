"""The usage history of a port: by five minutes, or by hours or days of a time zone, page by page."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.core.local_time import RESOLUTION_MS, UsageResolution, spans_of
from chalicelib.core.times import QUARTER_MS
from chalicelib.energy import store as energy_store
from chalicelib.energy import usage
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import sum_by_span
from chalicelib.energy.slots import SLOT_MS
from chalicelib.readings import store
from chalicelib.readings.history import RawPage, RecordedPort, load_raw_readings
from chalicelib.readings.model import MAX_AHEAD_MS, MAX_CHUNK_MS

MOST_LOOKS = 8
LEAST_LOOK = 300
"""How often a page looks for usages, and for how many at least: where there are few, it ends before it is full."""


class UsagePage(NamedTuple):
    """Usages, oldest first, and the time from which the next page goes on (None at the end)."""

    usages: list[Usage]
    next_ms: int | None


def load_raw_readings_if_few(of: RecordedPort, first_ms: int, last_ms: int, points: int, now_ms: int) -> RawPage | None:
    """All raw readings of a port between two times, None if some have expired or there are more than `points`."""
    if begins_ms(of, first_ms, now_ms) < of.oldest_raw_ms:
        return None
    page = load_raw_readings(of, first_ms, last_ms, points)
    return page if page.next_ms is None else None


def begins_ms(of: RecordedPort, first_ms: int, now_ms: int) -> int:
    """From when there may be something of a port, not before first_ms; as long as readings are kept, from the first."""
    chunk_ms = store.next_chunk_ms(of.port.device_uid, max(first_ms, of.oldest_raw_ms))
    begins = [] if chunk_ms is None else [max(chunk_ms - MAX_CHUNK_MS, of.oldest_raw_ms)]
    if first_ms < of.oldest_raw_ms:
        day_ms = energy_store.first_usage_day_ms(of.port.port_id)
        begins += [] if day_ms is None else [day_ms]
    return max(first_ms, min(begins, default=now_ms))


def resolution_for(of: RecordedPort, first_ms: int, last_ms: int, points: int, now_ms: int) -> UsageResolution:
    """The finest resolution at which a stretch has at most `points` points, days if none."""
    length_ms = min(last_ms, now_ms) - begins_ms(of, first_ms, now_ms)
    fitting = (name for name, step_ms in RESOLUTION_MS.items() if length_ms <= points * step_ms)
    return next(fitting, "1d")


def load_usages(
    of: RecordedPort, resolution: UsageResolution, timezone: str, first_ms: int, last_ms: int, limit: int, now_ms: int
) -> UsagePage:
    """At most `limit` usages of a port that lie, at least in part, between two times; hours and days are the zone's.

    Stretches without a reading are left out.
    """
    first_ms, end_ms = begins_ms(of, first_ms, now_ms), min(last_ms, now_ms + MAX_AHEAD_MS) + 1
    if resolution == "5m":
        first_ms = max(first_ms, now_ms - energy_store.SLOTS_KEPT_MS)
    found: list[Usage] = []
    for _ in range(MOST_LOOKS):
        if first_ms >= end_ms or len(found) > limit:
            break
        most_ms = max(limit, LEAST_LOOK) * RESOLUTION_MS[resolution]
        looked_at = spans_of(resolution, first_ms, min(end_ms, first_ms + most_ms), timezone)
        step_ms = SLOT_MS if resolution == "5m" else QUARTER_MS
        parts, known_until_ms = usage.load_usage_page(
            of.port, looked_at[0].start_ms, looked_at[-1].end_ms, step_ms, now_ms
        )
        known = [span for span in looked_at if span.end_ms <= known_until_ms]
        found += sum_by_span([part for part in parts if part.start_ms < known[-1].end_ms], known)
        first_ms = known[-1].end_ms
        if len(known) < len(looked_at):
            break  # the rest takes as long to compute: it is the next page's
    if len(found) > limit:
        return UsagePage(found[:limit], found[limit].start_ms)
    return UsagePage(found, first_ms if first_ms < end_ms else None)
