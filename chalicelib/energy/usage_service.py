"""What an outlet used, read back: rolled up where that is done, computed from the stored readings where it is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.core.errors import Unavailable
from chalicelib.core.times import DAY_MS, HOUR_MS
from chalicelib.detection import store as states
from chalicelib.detection.port_state import DeviceState
from chalicelib.energy import dirty_hours as hours
from chalicelib.energy import rollup_store as rollups
from chalicelib.energy.roll_up import HOURS_A_LOAD, slots_of, whole_hours
from chalicelib.energy.slot_readings import columns_between
from chalicelib.energy.slots import SLOT_MS, quarters
from chalicelib.energy.usage import Usage
from chalicelib.ports.model import Port
from chalicelib.readings import store as readings
from chalicelib.readings.model import MAX_CHUNK_MS

MOST_COMPUTED = 240
"""Hours computed for one answer. Only in the minutes after a longer backlog came are there more."""
RETRY_SECONDS = 60


class Page(NamedTuple):
    """Usages, oldest first, and up to when they are known: where there is too much to compute, not to the end."""

    usages: list[Usage]
    end_ms: int


@dataclass(slots=True)
class Loaded:
    """What is read once for all outlets of a device in one answer: its state, and the span of its readings."""

    _states: dict[str, DeviceState] = field(default_factory=dict)
    _spans: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def state(self, device_uid: str) -> DeviceState:
        """The state of a device."""
        if device_uid not in self._states:
            self._states[device_uid] = states.load(device_uid)
        return self._states[device_uid]

    def span_ms(self, device_uid: str) -> tuple[int, int] | None:
        """From when to when a device has readings, None without any."""
        if device_uid not in self._spans:
            self._spans[device_uid] = readings.span_ms(device_uid)
        return self._spans[device_uid]


def of_port(
    port: Port, first_ms: int, last_ms: int, resolution_ms: int, now_ms: int, loaded: Loaded | None = None
) -> list[Usage]:
    """The usage of an outlet by stretches that end after first_ms and begin before last_ms, oldest first.

    resolution_ms is five or fifteen minutes; stretches are aligned to UTC, empty ones left out. Five-minute slots are
    only shown for thirteen months. Give the same `loaded` for all outlets of an answer. Raises Unavailable while there
    is too much to compute for one answer.
    """
    found = page(port, first_ms, last_ms, resolution_ms, now_ms, loaded)
    if found.end_ms < last_ms:
        raise Unavailable(
            "What was sent late is still being summed up; try again in a minute.",
            code="summing_up",
            retry_after_seconds=RETRY_SECONDS,
        )
    return found.usages


def page(
    port: Port, first_ms: int, last_ms: int, resolution_ms: int, now_ms: int, loaded: Loaded | None = None
) -> Page:
    """As of_port, but up to where there is too much to compute for one answer."""
    if resolution_ms == SLOT_MS:
        first_ms = max(first_ms, now_ms - rollups.SLOTS_KEPT_MS)
    first_ms = first_ms // resolution_ms * resolution_ms
    if first_ms >= last_ms:
        return Page([], last_ms)
    loaded = loaded or Loaded()
    state = loaded.state(port.device_uid)
    unsettled = _unsettled(port, loaded, first_ms, last_ms, now_ms)
    if len(unsettled) > MOST_COMPUTED:
        last_ms = unsettled[MOST_COMPUTED] * HOUR_MS
    found = _slots if resolution_ms == SLOT_MS else _quarters
    usages = found(port, state, first_ms, last_ms, unsettled[:MOST_COMPUTED])
    return Page([usage for usage in usages if first_ms <= usage.start_ms < last_ms], last_ms)


def _quarters(port: Port, state: DeviceState, first_ms: int, last_ms: int, unsettled: Collection[int]) -> list[Usage]:
    """Whole days are read as such, but for those that still change."""
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
    columns = columns_between(state, [port.port_id], first_ms, last_ms).get(port.port_id)
    return slots_of(port, state, columns, first_ms, last_ms) if columns else []


def _unsettled(port: Port, loaded: Loaded, first_ms: int, last_ms: int, now_ms: int) -> list[int]:
    """The hours between two times that are marked, and those not yet examined: from the newest reading's on. In order.

    A late reading counts from when the stream has brought it, a moment after it was stored.
    """
    state = loaded.state(port.device_uid)
    first, last = first_ms // HOUR_MS, (last_ms - 1) // HOUR_MS
    marked = {hour for hour in state.dirty_hours if first <= hour <= last}
    open_from = max(first, state.watermark_ms // HOUR_MS)
    stored = loaded.span_ms(state.device_uid) if open_from <= last else None
    if stored:
        begins, ends = (stored[0] - MAX_CHUNK_MS) // HOUR_MS, stored[1] // HOUR_MS
        marked |= set(range(max(open_from, begins), min(last, ends) + 1))
    return whole_hours([port], sorted(marked), now_ms)
