"""The usage history of an outlet: by five minutes, or by hours or days of a time zone, page by page."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.core.local_time import RESOLUTION_MS, UsageResolution, spans_of
from chalicelib.core.times import QUARTER_MS
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import sum_by_span
from chalicelib.energy.slots import SLOT_MS
from chalicelib.energy.store import SLOTS_KEPT_MS, first_usage_day_ms
from chalicelib.energy.usage import load_usage_page
from chalicelib.readings.history import RawPage, RecordedPort, load_raw_readings
from chalicelib.readings.model import MAX_AHEAD_MS, REACH_MS
from chalicelib.readings.store import load_next_chunk_ms

MOST_LOADS = 8
LEAST_SPANS = 300
"""A page loads usages so often, and so many spans at least each time; where usages are few, it is not full."""


class UsageHistoryPage(NamedTuple):
    """Usages, oldest first, and the time at which the next page begins (epoch ms; None at the end)."""

    usages: list[Usage]
    next_ms: int | None


def load_raw_readings_if_few(of: RecordedPort, first_ms: int, last_ms: int, points: int, now_ms: int) -> RawPage | None:
    """Load all raw readings of an outlet between two times; None if some have expired or they are too many."""
    if begins_ms(of, first_ms, now_ms) < of.oldest_raw_ms:
        return None
    page = load_raw_readings(of, first_ms, last_ms, points)
    return page if page.next_ms is None else None


def begins_ms(of: RecordedPort, first_ms: int, now_ms: int) -> int:
    """Find the first time, not before first_ms, from which an outlet may have readings or usage (epoch ms)."""
    chunk_ms = load_next_chunk_ms(of.port.device_uid, max(first_ms, of.oldest_raw_ms))
    begins = [] if chunk_ms is None else [max(chunk_ms - REACH_MS, of.oldest_raw_ms)]
    if first_ms < of.oldest_raw_ms:
        day_ms = first_usage_day_ms(of.port.port_id)
        begins += [] if day_ms is None else [day_ms]
    return max(first_ms, min(begins, default=now_ms))


def resolution_for(of: RecordedPort, first_ms: int, last_ms: int, points: int, now_ms: int) -> UsageResolution:
    """Find the finest resolution at which a span has at most `points` points, days if there is none."""
    length_ms = min(last_ms, now_ms) - begins_ms(of, first_ms, now_ms)
    fitting = (name for name, step_ms in RESOLUTION_MS.items() if length_ms <= points * step_ms)
    return next(fitting, "1d")


def load_usages(
    of: RecordedPort, resolution: UsageResolution, timezone: str, first_ms: int, last_ms: int, limit: int, now_ms: int
) -> UsageHistoryPage:
    """Load a page of usages that lie, at least in part, between two times.

    Args:
        of: The outlet.
        resolution: The length of the spans; hours and days are those of the time zone.
        timezone: A name of the tz database.
        first_ms: Epoch ms.
        last_ms: Epoch ms, included.
        limit: The most usages of the page; spans without a reading are left out.
        now_ms: The present (epoch ms).
    """
    first_ms, end_ms = begins_ms(of, first_ms, now_ms), min(last_ms, now_ms + MAX_AHEAD_MS) + 1
    if resolution == "5m":
        first_ms = max(first_ms, now_ms - SLOTS_KEPT_MS)
    usages: list[Usage] = []
    for _ in range(MOST_LOADS):
        if first_ms >= end_ms or len(usages) > limit:
            break
        most_ms = max(limit, LEAST_SPANS) * RESOLUTION_MS[resolution]
        spans = spans_of(resolution, first_ms, min(end_ms, first_ms + most_ms), timezone)
        step_ms = SLOT_MS if resolution == "5m" else QUARTER_MS
        parts, complete_until_ms = load_usage_page(of.port, spans[0].start_ms, spans[-1].end_ms, step_ms, now_ms)
        complete = [span for span in spans if span.end_ms <= complete_until_ms]
        usages += sum_by_span([part for part in parts if part.start_ms < complete[-1].end_ms], complete)
        first_ms = complete[-1].end_ms
        if len(complete) < len(spans):
            break  # the others take as long to compute: they belong to the next page
    if len(usages) > limit:
        return UsageHistoryPage(usages[:limit], usages[limit].start_ms)
    return UsageHistoryPage(usages, first_ms if first_ms < end_ms else None)
