"""What was recorded of a port, read back: raw readings and usage; what has expired is not shown.

Pages go by time: each says from when the next one goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from chalicelib.core.times import DAY_MS, HOUR_MS, QUARTER_MS
from chalicelib.devices import service as devices
from chalicelib.energy import periods, usage
from chalicelib.energy import store as energy_store
from chalicelib.energy.model import Usage
from chalicelib.energy.slots import SLOT_MS
from chalicelib.ports import service as ports
from chalicelib.ports.model import Port
from chalicelib.readings import store
from chalicelib.readings.model import MAX_AHEAD_MS, MAX_CHUNK_MS, Columns, MeterReading, merged

UsageResolution = Literal["5m", "1h", "1d"]
LENGTH_MS: dict[UsageResolution, int] = {"5m": SLOT_MS, "1h": HOUR_MS, "1d": DAY_MS}
MOST_LOADS = 48
"""Stretches of raw readings loaded for one page: where there are few, a page ends before it is full."""
MOST_LOOKS = 8
LEAST_LOOK = 300
"""How often a page looks for usages, and for how many at least: where there are few, it ends before it is full."""


class RawPage(NamedTuple):
    """Raw readings, oldest first, and the time from which the next page goes on (None at the end)."""

    readings: list[MeterReading]
    next_ms: int | None


class UsagePage(NamedTuple):
    """Usages, oldest first, and the time from which the next page goes on (None at the end)."""

    usages: list[Usage]
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A port, and from when its raw readings are shown (epoch ms)."""

    port: Port
    oldest_raw_ms: int


def own(owner_id: str, port_id: str, now_ms: int) -> Recorded:
    """What was recorded of a person's own port. Raises NotFound."""
    port = ports.own(owner_id, port_id)
    return Recorded(port, devices.own(owner_id, port.device_id).retention.oldest_ms(now_ms))


def raw(of: Recorded, first_ms: int, last_ms: int, limit: int) -> RawPage:
    """At most `limit` raw readings of a port between two times, both included; of one time the first stored."""
    at_ms = max(first_ms, of.oldest_raw_ms)
    found: list[MeterReading] = []
    length_ms = 0
    for _ in range(MOST_LOADS):
        if not length_ms:
            begins_ms = store.next_chunk_ms(of.port.device_uid, at_ms)
            at_ms, length_ms = max(at_ms, (begins_ms or 0) - MAX_CHUNK_MS), HOUR_MS
            if begins_ms is None:
                return RawPage(found, None)
        if at_ms > last_ms:
            return RawPage(found, None)
        end_ms = min(at_ms + length_ms, last_ms + 1)
        more = _raw_between(of.port, at_ms, end_ms)
        found += more
        if len(found) > limit:
            return RawPage(found[:limit], found[limit].at_ms)
        at_ms, length_ms = end_ms, HOUR_MS if more else 0
    return RawPage(found, at_ms if at_ms <= last_ms else None)


def _raw_between(port: Port, first_ms: int, end_ms: int) -> list[MeterReading]:
    chunks = store.overlapping(port.device_uid, first_ms, end_ms - 1)
    columns = merged(chunks).get(port.port_id, Columns())
    shown: list[MeterReading] = []
    rows = zip(columns.times_ms, columns.millivolts, columns.milliamps, columns.milliwatts, strict=True)
    for at_ms, millivolts, milliamps, milliwatts in rows:
        if first_ms <= at_ms < end_ms and (not shown or shown[-1].at_ms != at_ms):
            shown.append(MeterReading(at_ms, millivolts / 1_000, milliamps / 1_000, milliwatts / 1_000))
    return shown


def raw_if_it_fits(of: Recorded, first_ms: int, last_ms: int, points: int, now_ms: int) -> RawPage | None:
    """All raw readings of a port between two times, None if some have expired or there are more than `points`."""
    if begins_ms(of, first_ms, now_ms) < of.oldest_raw_ms:
        return None
    page = raw(of, first_ms, last_ms, points)
    return page if page.next_ms is None else None


def begins_ms(of: Recorded, first_ms: int, now_ms: int) -> int:
    """From when there may be something of a port, not before first_ms; as long as readings are kept, from the first."""
    chunk_ms = store.next_chunk_ms(of.port.device_uid, max(first_ms, of.oldest_raw_ms))
    begins = [] if chunk_ms is None else [max(chunk_ms - MAX_CHUNK_MS, of.oldest_raw_ms)]
    if first_ms < of.oldest_raw_ms:
        day_ms = energy_store.first_usage_day_ms(of.port.port_id)
        begins += [] if day_ms is None else [day_ms]
    return max(first_ms, min(begins, default=now_ms))


def resolution_for(of: Recorded, first_ms: int, last_ms: int, points: int, now_ms: int) -> UsageResolution:
    """The finest resolution at which a stretch has at most `points` points, days if none."""
    length_ms = min(last_ms, now_ms) - begins_ms(of, first_ms, now_ms)
    fitting = (name for name, step_ms in LENGTH_MS.items() if length_ms <= points * step_ms)
    return next(fitting, "1d")


def usages(
    of: Recorded, resolution: UsageResolution, timezone: str, first_ms: int, last_ms: int, limit: int, now_ms: int
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
        looked_at = _spans(resolution, timezone, first_ms, end_ms, max(limit, LEAST_LOOK))
        step_ms = SLOT_MS if resolution == "5m" else QUARTER_MS
        parts, known_until_ms = usage.load_usage_page(
            of.port, looked_at[0].start_ms, looked_at[-1].end_ms, step_ms, now_ms
        )
        known = [span for span in looked_at if span.end_ms <= known_until_ms]
        found += periods.sum_by_span([part for part in parts if part.start_ms < known[-1].end_ms], known)
        first_ms = known[-1].end_ms
        if len(known) < len(looked_at):
            break  # the rest takes as long to compute: it is the next page's
    if len(found) > limit:
        return UsagePage(found[:limit], found[limit].start_ms)
    return UsagePage(found, first_ms if first_ms < end_ms else None)


def _spans(resolution: UsageResolution, timezone: str, first_ms: int, end_ms: int, most: int) -> Sequence[periods.Span]:
    end_ms = min(end_ms, first_ms + most * LENGTH_MS[resolution])
    if resolution == "5m":
        return periods.steps(first_ms, end_ms, SLOT_MS)
    return periods.hours(first_ms, end_ms, timezone) if resolution == "1h" else periods.days(first_ms, end_ms, timezone)
