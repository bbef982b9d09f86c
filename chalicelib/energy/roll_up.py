"""Rolling up: the dirty hours of a device are computed from all its stored readings, never by adding.

Hours are stored before their marks are cleared: an error in between only makes them be computed again. The stream
computes hours that are over while a device sends; the schedule computes those that a silent device has left.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts.retention import LEAST_DAYS
from chalicelib.core import telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shards
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.times import DAY_MS, HOUR_MS, LATEST_MS
from chalicelib.detection.detector import standby_threshold_watts
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.detection.store import load_device_state, load_due_devices, save_device_state
from chalicelib.devices.store import load_device
from chalicelib.energy import dirty_hours, store
from chalicelib.energy.model import Usage
from chalicelib.energy.slot_readings import load_slot_readings
from chalicelib.energy.slots import quarter_hours, slots
from chalicelib.ports.model import Port
from chalicelib.ports.store import load_ports_of_device
from chalicelib.readings.chunk_codec import Unreadable
from chalicelib.readings.model import Columns

LOG = logging.getLogger("ghostwatt.roll_up")
HOURS_A_LOAD = 4
"""Of 32 outlets read every second these are half a million readings, which fit into a function's memory."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Hours that were computed, and hours whose readings cannot be decoded. All others wait."""

    computed: Sequence[int]
    failed: Sequence[int]


def roll_up(ports: Sequence[Port], state: DeviceState, deadline: Deadline, now_ms: int) -> None:
    """Compute and store the hours of a device that are due.

    Args:
        ports: The device's outlets.
        state: The device's state as it is stored.
        deadline: Asked between steps; the hours left then stay due.
        now_ms: The present (epoch ms).
    """
    due = dirty_hours.due(state.dirty_hours, state.watermark_ms, now_ms)
    if due:
        _roll_up(ports, state, due, state.watermark_ms, deadline, now_ms)


def roll_up_silent_devices(deadline: Deadline, now_ms: int) -> int:
    """Compute the hours that devices have left which send no more, until the time is over.

    Returns:
        The number of devices.

    Raises:
        Exception: The first error of a device; that device stays due, and the others are computed.
    """
    count = 0
    with ErrorCollector(LOG) as errors:
        for device_uid in (device_uid for shard in shards() for device_uid in load_due_devices(shard, now_ms)):
            if deadline.expired:
                break
            with errors.collect(f"rolling up device {telemetry.hashed(device_uid)}"):
                roll_up_device(device_uid, deadline, now_ms)
            count += 1
    return count


def roll_up_device(device_uid: str, deadline: Deadline, now_ms: int) -> None:
    """Compute and store all dirty hours of a device that sends no more, the last one too."""
    while due := dirty_hours.due((state := load_device_state(device_uid)).dirty_hours, LATEST_MS, now_ms):
        ports = load_ports_of_device(device_uid)
        if not _roll_up(ports, state, due, LATEST_MS, deadline, now_ms) or deadline.expired:
            return  # there is no time, or the state has changed: the device sends again


def _roll_up(
    ports: Sequence[Port],
    state: DeviceState,
    due: Sequence[int],
    watermark_ms: int,
    deadline: Deadline,
    now_ms: int,
) -> bool:
    computable = hours_with_all_readings(ports, due, now_ms)
    outcome = _compute_runs(ports, state, computable, deadline)
    expired = set(due).difference(computable)
    left = dirty_hours.clear(state.dirty_hours, {*outcome.computed, *expired})
    left = dirty_hours.postpone(left, outcome.failed, now_ms)
    for day_ms in dirty_hours.finished_days(outcome.computed, left, watermark_ms):
        _put_day(ports, state, day_ms)
    return save_device_state(replace(state, dirty_hours=left))


def hours_with_all_readings(ports: Sequence[Port], hours: Collection[int], now_ms: int) -> list[int]:
    """Keep the hours of a device whose readings are surely all stored still; the usage of the others stays as it is."""
    if dirty_hours.with_all_readings(hours, now_ms - LEAST_DAYS * DAY_MS) == list(hours):
        return list(hours)
    device = load_device(ports[0].device_id) if ports else None
    if device is None or device.device_uid != ports[0].device_uid:
        return []
    return dirty_hours.with_all_readings(hours, device.retention.whole_from_ms(now_ms))


def _compute_runs(ports: Sequence[Port], state: DeviceState, due: Sequence[int], deadline: Deadline) -> _Outcome:
    computed: list[int] = []
    failed: list[int] = []
    for run in dirty_hours.runs(due, HOURS_A_LOAD):
        if deadline.expired:
            break
        try:
            _put_hours(ports, state, run)
        except Unreadable:
            LOG.exception("hours from %d on cannot be computed", run[0])
            failed += run
        else:
            computed += run
    return _Outcome(computed, failed)


def _put_hours(ports: Sequence[Port], state: DeviceState, run: Sequence[int]) -> None:
    first_ms, last_ms = run[0] * HOUR_MS, (run[-1] + 1) * HOUR_MS
    columns = load_slot_readings(state, [port.port_id for port in ports], first_ms, last_ms)
    for port in ports:
        by_hour = _by_hour(slots_of_port(port, state, columns.get(port.port_id, Columns()), first_ms, last_ms))
        for hour_ms in (hour * HOUR_MS for hour in run):
            if hour_ms in by_hour or _may_become_empty(port, state):
                store.put_usage_hour(port.port_id, hour_ms, by_hour.get(hour_ms, []), state.version)


def _may_become_empty(port: Port, state: DeviceState) -> bool:
    """Say whether stored usage may become none.

    It may where a late reading splits a gap that a counter filled, or clips what held until a later reading.
    """
    known = state.ports.get(port.port_id, PortState())
    return known.is_counted or known.tells_held


def slots_of_port(port: Port, state: DeviceState, columns: Columns, first_ms: int, last_ms: int) -> list[Usage]:
    """Sum up an outlet's readings by slots; standby is below the threshold that the page shows (see slots.slots)."""
    detector = state.ports.get(port.port_id, PortState()).detector
    watts = standby_threshold_watts(detector, port.rule)
    standby_below_milliwatts = None if watts is None else round(watts * 1_000)
    return slots(columns, standby_below_milliwatts, first_ms, last_ms)


def _by_hour(ordered: Iterable[Usage]) -> dict[int, list[Usage]]:
    grouped: dict[int, list[Usage]] = {}
    for slot in ordered:
        grouped.setdefault(slot.start_ms // HOUR_MS * HOUR_MS, []).append(slot)
    return grouped


def _put_day(ports: Sequence[Port], state: DeviceState, day_ms: int) -> None:
    for port in ports:
        quarters = quarter_hours(store.load_slots(port.port_id, day_ms, day_ms + DAY_MS - HOUR_MS))
        if quarters or _may_become_empty(port, state):
            store.put_usage_day(port.port_id, day_ms, quarters, state.version)
