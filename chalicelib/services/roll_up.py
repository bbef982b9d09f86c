"""Rolling up: the hours of a device that readings touched are computed from all its stored readings, never by adding.

Hours are stored before their marks are cleared: whatever goes wrong in between only makes them be computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain import phantom
from chalicelib.domain.energy import hours
from chalicelib.domain.energy.slots import GAP_MS, quarters, slots
from chalicelib.domain.energy.usage import Usage
from chalicelib.domain.ports import Port
from chalicelib.domain.readings import Columns, merged
from chalicelib.domain.states import DeviceState, PortState
from chalicelib.domain.times import DAY_MS, HOUR_MS, LATEST_MS
from chalicelib.storage import ports as port_store
from chalicelib.storage import readings, rollups, states

HOURS_A_LOAD = 4
"""Of 32 outlets read every second these are half a million readings: what a function has memory for."""


def roll_up(ports: Sequence[Port], state: DeviceState, now_ms: int) -> None:
    """Compute and store the hours of a device that are due, given its ports and its state as it is stored."""
    due = hours.due(state.dirty_hours, state.watermark_ms, now_ms)
    if due:
        _roll_up(ports, state, due, state.watermark_ms)


def roll_up_all(device_uid: str) -> None:
    """Compute and store all marked hours of a device that has fallen silent: nothing would make them due."""
    while (state := states.load(device_uid)).dirty_hours:
        due = sorted(state.dirty_hours)[: hours.MOST_AT_ONCE]
        if not _roll_up(port_store.of_device(device_uid), state, due, LATEST_MS):
            return  # somebody else changed the state: the device is back


def _roll_up(ports: Sequence[Port], state: DeviceState, due: Sequence[int], watermark_ms: int) -> bool:
    left = hours.cleared(state.dirty_hours, due)
    for run in hours.runs(due, HOURS_A_LOAD):
        _put_hours(ports, state, run)
    for day_ms in hours.finished_days(due, left, watermark_ms):
        _put_day(ports, state.version, day_ms)
    return states.save(replace(state, dirty_hours=left))


def _put_hours(ports: Sequence[Port], state: DeviceState, run: Sequence[int]) -> None:
    first_ms, last_ms = run[0] * HOUR_MS, (run[-1] + 1) * HOUR_MS
    columns = columns_between(state.device_uid, first_ms, last_ms)
    for port in ports:
        if port.port_id in columns:
            found = slots_of(port, state, columns[port.port_id], first_ms, last_ms)
            for hour_ms, part in by_hour(found).items():
                rollups.put_hour(port.port_id, hour_ms, part, state.version)


def columns_between(device_uid: str, first_ms: int, last_ms: int) -> dict[str, Columns]:
    """The stored readings of a device by port that slots between these times are made of."""
    return merged(readings.overlapping(device_uid, first_ms - GAP_MS, last_ms + GAP_MS))


def slots_of(port: Port, state: DeviceState, columns: Columns, first_ms: int, last_ms: int) -> list[Usage]:
    """The slots of a port; standby is what lies below the threshold that the page shows."""
    detector = state.ports.get(port.port_id, PortState()).detector
    threshold_watts = phantom.threshold_watts(detector, port.rule)
    below = None if threshold_watts is None else round(threshold_watts * 1_000)
    return slots(columns, below, first_ms, last_ms)


def by_hour(found: Sequence[Usage]) -> dict[int, list[Usage]]:
    """Slots by the start of their hour, epoch ms."""
    grouped: dict[int, list[Usage]] = {}
    for slot in found:
        grouped.setdefault(slot.start_ms // HOUR_MS * HOUR_MS, []).append(slot)
    return grouped


def _put_day(ports: Sequence[Port], revision: int, day_ms: int) -> None:
    for port in ports:
        found = quarters(rollups.slots(port.port_id, day_ms, day_ms + DAY_MS - HOUR_MS))
        if found:
            rollups.put_day(port.port_id, day_ms, found, revision)
