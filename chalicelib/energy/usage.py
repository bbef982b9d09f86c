"""What an outlet used, read back: rolled up where that is done, computed from the stored readings where it is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.times import DAY_MS, HOUR_MS
from chalicelib.detection.port_control import list_ports
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.detection.store import load_device_state
from chalicelib.energy import store
from chalicelib.energy.dirty_hours import HOURS_PER_DAY, runs
from chalicelib.energy.model import Usage
from chalicelib.energy.roll_up import HOURS_A_LOAD, hours_with_all_readings, slots_of_port
from chalicelib.energy.slot_readings import load_slot_readings
from chalicelib.energy.slots import SLOT_MS, quarter_hours
from chalicelib.ports.model import Port
from chalicelib.readings.model import REACH_MS
from chalicelib.readings.store import load_reading_span_ms

MOST_COMPUTED = 240
"""Hours computed for one answer. Only in the minutes after a longer backlog came are there more."""
RETRY_SECONDS = 60
PORTS_A_READ = 200
MOST_DAYS_OF_QUARTERS = 12_000
"""Outlets times days of a report, which is one answer: 32 outlets for a year. An outlet's day took half a millisecond
on a PC, and API Gateway waits for 29 s."""
MOST_DAYS_OF_SLOTS = 2_000
"""66 outlets for a month: with five-minute slots an outlet's day took five milliseconds."""


class UsagePage(NamedTuple):
    """Usages, oldest first, and the time up to which they are complete: earlier than asked for if that takes long."""

    usages: list[Usage]
    end_ms: int


@dataclass(slots=True)
class DeviceCache:
    """What one answer loads once per device, however many outlets the device has."""

    _states: dict[str, DeviceState] = field(default_factory=dict)
    _spans: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def state(self, device_uid: str) -> DeviceState:
        """Load the state of a device."""
        if device_uid not in self._states:
            self._states[device_uid] = load_device_state(device_uid)
        return self._states[device_uid]

    def reading_span_ms(self, device_uid: str) -> tuple[int, int] | None:
        """Find the first and the last time of a device's readings (epoch ms), None without any."""
        if device_uid not in self._spans:
            self._spans[device_uid] = load_reading_span_ms(device_uid)
        return self._spans[device_uid]


def load_home_outlets(
    owner_id: str, days: int, most_days: int, field_name: str | None = None
) -> list[tuple[Port, PortState]]:
    """Load all of a person's outlets, with the state of each, for a report of some days.

    Raises:
        Invalid: Outlets times days are more than most_days; it names the field.
    """
    outlets, cursor = list_ports(owner_id, PORTS_A_READ, None)
    while cursor and len(outlets) * days <= most_days:
        page, cursor = list_ports(owner_id, PORTS_A_READ, cursor)
        outlets += page
    if len(outlets) * days > most_days:
        raise Invalid("These are too many outlets for so many days.", code="too_many_outlets", field=field_name)
    return outlets


def load_usage(
    port: Port, first_ms: int, last_ms: int, resolution_ms: int, now_ms: int, cache: DeviceCache | None = None
) -> list[Usage]:
    """Load what an outlet used between two times.

    Args:
        port: The outlet.
        first_ms: Usages that end after this time are returned (epoch ms).
        last_ms: Usages that begin before this time are returned (epoch ms).
        resolution_ms: Five or fifteen minutes, aligned to UTC. Five-minute slots are kept for thirteen months.
        now_ms: The present (epoch ms).
        cache: One for all outlets of an answer.

    Returns:
        The usages, oldest first; empty ones are left out.

    Raises:
        Unavailable: There is too much to compute for one answer; the schedule is at it.
    """
    page = load_usage_page(port, first_ms, last_ms, resolution_ms, now_ms, cache)
    if page.end_ms < last_ms:
        raise Unavailable(
            "Late readings are still being summed up; try again in a minute.",
            code="summing_up",
            retry_after_seconds=RETRY_SECONDS,
        )
    return page.usages


def load_usage_page(
    port: Port, first_ms: int, last_ms: int, resolution_ms: int, now_ms: int, cache: DeviceCache | None = None
) -> UsagePage:
    """Load what an outlet used between two times, as far as it can be computed for one answer (see load_usage)."""
    if resolution_ms == SLOT_MS:
        first_ms = max(first_ms, now_ms - store.SLOTS_KEPT_MS)
    first_ms = first_ms // resolution_ms * resolution_ms
    if first_ms >= last_ms:
        return UsagePage([], last_ms)
    cache = cache or DeviceCache()
    state = cache.state(port.device_uid)
    unsettled = _unsettled_hours(port, cache, first_ms, last_ms, now_ms)
    if len(unsettled) > MOST_COMPUTED:
        last_ms = unsettled[MOST_COMPUTED] * HOUR_MS
    load = _load_slots if resolution_ms == SLOT_MS else _load_quarter_hours
    usages = load(port, state, first_ms, last_ms, unsettled[:MOST_COMPUTED])
    return UsagePage([usage for usage in usages if first_ms <= usage.start_ms < last_ms], last_ms)


def _load_quarter_hours(
    port: Port, state: DeviceState, first_ms: int, last_ms: int, unsettled: Collection[int]
) -> list[Usage]:
    """Stored days as they are; the quarter hours of days that still change from their slots."""
    open_days = {hour // HOURS_PER_DAY for hour in unsettled} | {state.watermark_ms // DAY_MS}
    stored = store.load_quarter_hours(port.port_id, first_ms // DAY_MS * DAY_MS, last_ms)
    quarters = [quarter for quarter in stored if quarter.start_ms // DAY_MS not in open_days]
    for run in runs(open_days, len(open_days)):
        start_ms, end_ms = max(run[0] * DAY_MS, first_ms), min((run[-1] + 1) * DAY_MS, last_ms)
        if start_ms < end_ms:
            quarters += quarter_hours(_load_slots(port, state, start_ms, end_ms, unsettled))
    return sorted(quarters, key=lambda quarter: quarter.start_ms)


def _load_slots(port: Port, state: DeviceState, first_ms: int, last_ms: int, unsettled: Collection[int]) -> list[Usage]:
    """Slots of all hours that touch the span; those of unsettled hours are computed."""
    first, last = first_ms // HOUR_MS, (last_ms - 1) // HOUR_MS
    stored = store.load_slots(port.port_id, first * HOUR_MS, last * HOUR_MS)
    slots = [slot for slot in stored if slot.start_ms // HOUR_MS not in unsettled]
    for run in runs((hour for hour in unsettled if first <= hour <= last), HOURS_A_LOAD):
        slots += _compute_slots(port, state, run)
    return sorted(slots, key=lambda slot: slot.start_ms)


def _compute_slots(port: Port, state: DeviceState, run: Sequence[int]) -> list[Usage]:
    first_ms, last_ms = run[0] * HOUR_MS, (run[-1] + 1) * HOUR_MS
    columns = load_slot_readings(state, [port.port_id], first_ms, last_ms).get(port.port_id)
    return slots_of_port(port, state, columns, first_ms, last_ms) if columns else []


def _unsettled_hours(port: Port, cache: DeviceCache, first_ms: int, last_ms: int, now_ms: int) -> list[int]:
    """Hours between two times that are dirty, or that detection has not seen yet (from the watermark on), in order.

    A late reading counts from when the stream has brought it, a moment after it was stored.
    """
    state = cache.state(port.device_uid)
    first, last = first_ms // HOUR_MS, (last_ms - 1) // HOUR_MS
    hours = {hour for hour in state.dirty_hours if first <= hour <= last}
    open_from = max(first, state.watermark_ms // HOUR_MS)
    reading_span_ms = cache.reading_span_ms(state.device_uid) if open_from <= last else None
    if reading_span_ms:
        begins, ends = (reading_span_ms[0] - REACH_MS) // HOUR_MS, reading_span_ms[1] // HOUR_MS
        hours |= set(range(max(open_from, begins), min(last, ends) + 1))
    return hours_with_all_readings([port], sorted(hours), now_ms)
