"""Rolling up: the hours of a device that readings touched are computed from all its stored readings, never by adding.

Hours are stored before their marks are cleared: whatever goes wrong in between only makes them be computed again.
The stream computes what is over while a device sends; the schedule computes what was left when it sends no more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from chalicelib.core import telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.retention import LEAST_DAYS
from chalicelib.core.times import DAY_MS, HOUR_MS, LATEST_MS
from chalicelib.detection import store as states
from chalicelib.detection.detector import standby_threshold_watts
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.devices import store as devices
from chalicelib.devices.liveness import shards
from chalicelib.energy import dirty_hours as hours
from chalicelib.energy import rollup_store as rollups
from chalicelib.energy.slot_readings import columns_between
from chalicelib.energy.slots import quarters, slots
from chalicelib.energy.usage import Usage
from chalicelib.ports import store as port_store
from chalicelib.ports.model import Port
from chalicelib.readings.chunk_codec import Unreadable
from chalicelib.readings.model import Columns

LOG = logging.getLogger("ghostwatt.roll_up")
HOURS_A_LOAD = 4
"""Of 32 outlets read every second these are half a million readings: what a function has memory for."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of hours: computed, or not to be read. All others wait."""

    computed: Sequence[int]
    failed: Sequence[int]


def roll_up(ports: Sequence[Port], state: DeviceState, deadline: Deadline, now_ms: int) -> None:
    """Compute and store the hours of a device that are due, given its ports and its state as it is stored."""
    due = hours.due(state.dirty_hours, state.watermark_ms, now_ms)
    if due:
        _roll_up(ports, state, due, state.watermark_ms, deadline, now_ms)


def run(deadline: Deadline, now_ms: int) -> int:
    """Compute what devices that send no more have left, until the time is over; returns how many there were.

    One that cannot be rolled up stays due; its error is raised in the end.
    """
    count = 0
    with ErrorCollector(LOG) as errors:
        for device_uid in (device_uid for shard in shards() for device_uid in states.due(shard, now_ms)):
            if deadline.expired:
                break
            with errors.collect(f"rolling up device {telemetry.hashed(device_uid)}"):
                roll_up_all(device_uid, deadline, now_ms)
            count += 1
    return count


def roll_up_all(device_uid: str, deadline: Deadline, now_ms: int) -> None:
    """Compute and store the marked hours of a device that sends no more, the last one too."""
    while due := hours.due((state := states.load(device_uid)).dirty_hours, LATEST_MS, now_ms):
        ports = port_store.of_device(device_uid)
        if not _roll_up(ports, state, due, LATEST_MS, deadline, now_ms) or deadline.expired:
            return  # there is no time, or somebody else changed the state: the device is back


def _roll_up(
    ports: Sequence[Port],
    state: DeviceState,
    due: Sequence[int],
    watermark_ms: int,
    deadline: Deadline,
    now_ms: int,
) -> bool:
    whole = whole_hours(ports, due, now_ms)
    done = _put_runs(ports, state, whole, deadline)
    expired = set(due).difference(whole)
    left = hours.postponed(hours.cleared(state.dirty_hours, {*done.computed, *expired}), done.failed, now_ms)
    for day_ms in hours.finished_days(done.computed, left, watermark_ms):
        _put_day(ports, state, day_ms)
    return states.save(replace(state, dirty_hours=left))


def whole_hours(ports: Sequence[Port], marked: Collection[int], now_ms: int) -> list[int]:
    """Those of a device's hours of which all readings are surely stored still; what is known of the others stays."""
    if hours.whole(marked, now_ms - LEAST_DAYS * DAY_MS) == list(marked):
        return list(marked)
    device = devices.load(ports[0].device_id) if ports else None
    if device is None or device.device_uid != ports[0].device_uid:
        return []
    return hours.whole(marked, device.retention.whole_from_ms(now_ms))


def _put_runs(ports: Sequence[Port], state: DeviceState, due: Sequence[int], deadline: Deadline) -> _Done:
    computed: list[int] = []
    failed: list[int] = []
    for run_of_hours in hours.runs(due, HOURS_A_LOAD):
        if deadline.expired:
            break
        try:
            _put_hours(ports, state, run_of_hours)
        except Unreadable:
            LOG.exception("hours from %d on cannot be computed", run_of_hours[0])
            failed += run_of_hours
        else:
            computed += run_of_hours
    return _Done(computed, failed)


def _put_hours(ports: Sequence[Port], state: DeviceState, run_of_hours: Sequence[int]) -> None:
    first_ms, last_ms = run_of_hours[0] * HOUR_MS, (run_of_hours[-1] + 1) * HOUR_MS
    columns = columns_between(state, [port.port_id for port in ports], first_ms, last_ms)
    for port in ports:
        found = by_hour(slots_of(port, state, columns.get(port.port_id, Columns()), first_ms, last_ms))
        for hour_ms in (hour * HOUR_MS for hour in run_of_hours):
            if hour_ms in found or _may_empty(port, state):
                rollups.put_hour(port.port_id, hour_ms, found.get(hour_ms, []), state.version)


def _may_empty(port: Port, state: DeviceState) -> bool:
    """Whether nothing may take the place of something: only where a late reading splits a gap that a counter filled."""
    return state.ports.get(port.port_id, PortState()).is_counted


def slots_of(port: Port, state: DeviceState, columns: Columns, first_ms: int, last_ms: int) -> list[Usage]:
    """The slots of a port; standby is what lies below the threshold that the page shows."""
    detector = state.ports.get(port.port_id, PortState()).detector
    threshold_watts = standby_threshold_watts(detector, port.rule)
    below = None if threshold_watts is None else round(threshold_watts * 1_000)
    return slots(columns, below, first_ms, last_ms)


def by_hour(found: Sequence[Usage]) -> dict[int, list[Usage]]:
    """Slots by the start of their hour, epoch ms."""
    grouped: dict[int, list[Usage]] = {}
    for slot in found:
        grouped.setdefault(slot.start_ms // HOUR_MS * HOUR_MS, []).append(slot)
    return grouped


def _put_day(ports: Sequence[Port], state: DeviceState, day_ms: int) -> None:
    for port in ports:
        found = quarters(rollups.slots(port.port_id, day_ms, day_ms + DAY_MS - HOUR_MS))
        if found or _may_empty(port, state):
            rollups.put_day(port.port_id, day_ms, found, state.version)
