"""What an outlet used, read back: rolled up where that is done, computed from the stored readings where it is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chalicelib.domain.energy import hours
from chalicelib.domain.energy.slots import SLOT_MS, quarters
from chalicelib.domain.energy.usage import Usage
from chalicelib.domain.ports import Port
from chalicelib.domain.readings import MAX_CHUNK_MS
from chalicelib.domain.states import DeviceState
from chalicelib.domain.times import DAY_MS, HOUR_MS
from chalicelib.services.roll_up import HOURS_A_LOAD, columns_between, slots_of
from chalicelib.storage import readings, rollups, states

MOST_COMPUTED = 240
"""Hours computed for one answer, the newest. Only in the minutes after a longer backlog came are there more: those
show what was rolled up before."""


def of_port(port: Port, first_ms: int, last_ms: int, resolution_ms: int, now_ms: int) -> list[Usage]:
    """The usage of an outlet by stretches that end after first_ms and begin before last_ms, oldest first.

    resolution_ms is five or fifteen minutes; stretches are aligned to UTC, empty ones left out. Five-minute slots are
    only shown for thirteen months.
    """
    if resolution_ms == SLOT_MS:
        first_ms = max(first_ms, now_ms - rollups.SLOTS_KEPT_MS)
    first_ms = first_ms // resolution_ms * resolution_ms
    if first_ms >= last_ms:
        return []
    found = _five_minutes if resolution_ms == SLOT_MS else _quarters
    return [usage for usage in found(port, first_ms, last_ms) if first_ms <= usage.start_ms < last_ms]


def _five_minutes(port: Port, first_ms: int, last_ms: int) -> list[Usage]:
    state = states.load(port.device_uid)
    return _slots(port, state, first_ms, last_ms, _unsettled(state, first_ms, last_ms))


def _quarters(port: Port, first_ms: int, last_ms: int) -> list[Usage]:
    """Whole days are read as such, but for those that still change."""
    state = states.load(port.device_uid)
    unsettled = _unsettled(state, first_ms, last_ms)
    open_days = {hour // hours.HOURS_PER_DAY for hour in unsettled} | {state.watermark_ms // DAY_MS}
    stored = rollups.quarters(port.port_id, first_ms // DAY_MS * DAY_MS, last_ms)
    found = [quarter for quarter in stored if quarter.start_ms // DAY_MS not in open_days]
    for run in hours.runs(open_days, len(open_days)):
        start_ms, end_ms = max(run[0] * DAY_MS, first_ms), min((run[-1] + 1) * DAY_MS, last_ms)
        if start_ms < end_ms:
            found += quarters(_slots(port, state, start_ms, end_ms, unsettled))
    return sorted(found, key=lambda quarter: quarter.start_ms)


def _slots(port: Port, state: DeviceState, first_ms: int, last_ms: int, unsettled: Collection[int]) -> list[Usage]:
    """Five-minute slots of the hours between two times; unsettled hours are computed."""
    first, last = first_ms // HOUR_MS, (last_ms - 1) // HOUR_MS
    stored = rollups.slots(port.port_id, first * HOUR_MS, last * HOUR_MS)
    here = [hour for hour in unsettled if first <= hour <= last]
    found = [slot for slot in stored if slot.start_ms // HOUR_MS not in unsettled]
    for run in hours.runs(here, HOURS_A_LOAD):
        found += _computed(port, state, run)
    return sorted(found, key=lambda slot: slot.start_ms)


def _computed(port: Port, state: DeviceState, run: Sequence[int]) -> list[Usage]:
    first_ms, last_ms = run[0] * HOUR_MS, (run[-1] + 1) * HOUR_MS
    columns = columns_between(port.device_uid, first_ms, last_ms).get(port.port_id)
    return slots_of(port, state, columns, first_ms, last_ms) if columns else []


def _unsettled(state: DeviceState, first_ms: int, last_ms: int) -> set[int]:
    """The hours between two times that are marked, and those not yet examined: from the newest reading's on.

    A late reading counts from when the stream has brought it, a moment after it was stored.
    """
    first, last = first_ms // HOUR_MS, (last_ms - 1) // HOUR_MS
    marked = {hour for hour in state.dirty_hours if first <= hour <= last}
    open_from = max(first, state.watermark_ms // HOUR_MS)
    stored = readings.span_ms(state.device_uid) if open_from <= last else None
    if stored:
        begins, ends = (stored[0] - MAX_CHUNK_MS) // HOUR_MS, stored[1] // HOUR_MS
        marked |= set(range(max(open_from, begins), min(last, ends) + 1))
    return set(sorted(marked)[-MOST_COMPUTED:])
