"""The stored readings that slots are made of: those of their time, and those at the ends of counted gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chalicelib.core.times import HOUR_MS
from chalicelib.detection.port_state import DeviceState
from chalicelib.energy.slots import COUNTED_GAP_MS, GAP_MS
from chalicelib.readings.model import Columns, merged
from chalicelib.readings.store import load_chunks_with_neighbours

Stretch = tuple[int, int]
"""Its first and its last millisecond (epoch ms)."""


def load_slot_readings(
    state: DeviceState, port_ids: Collection[str], first_ms: int, last_ms: int
) -> dict[str, Columns]:
    """Load the readings of a device from which the slots between two times are computed.

    They are all up to GAP_MS outside. Where a reading held there that ends later, they are all up to that one. For
    meters with a counter they are also the nearest one to either side, where a gap may reach further.

    Args:
        state: The device's state.
        port_ids: The outlets whose counted gaps matter.
        first_ms: Start of the first slot (epoch ms).
        last_ms: End of the last slot (epoch ms).

    Returns:
        The readings by outlet.

    Raises:
        Unreadable: A stored chunk cannot be decoded.
    """
    first_read_ms, last_read_ms = first_ms - GAP_MS, last_ms + GAP_MS
    by_port = _load_between(state.device_uid, (first_read_ms, last_read_ms))
    states = {port_id: state.ports[port_id] for port_id in port_ids if port_id in state.ports}
    newest_ms = {port_id: port.detector.watermark_ms for port_id, port in states.items() if port.is_counted}
    after = {port for port in newest_ms if newest_ms[port] > last_read_ms and _last_ms(by_port, port) < last_ms}
    for port_id, columns in _nearest(state.device_uid, after, _hours_after(last_read_ms), 0).items():
        by_port[port_id] = by_port.get(port_id, Columns()).joined(columns)
    before = {port for port in newest_ms if port in by_port and _begins_ms(by_port[port]) > first_ms}
    for port_id, columns in _nearest(state.device_uid, before, _hours_before(first_read_ms), -1).items():
        by_port[port_id] = columns.joined(by_port[port_id])
    return by_port


def _load_between(device_uid: str, stretch: Stretch) -> dict[str, Columns]:
    """All readings of a stretch by outlet, and those after it up to the last that held there.

    Chunks reach out of it, but hold only some of the readings there.
    """
    first_ms, last_ms = stretch
    chunks = merged(load_chunks_with_neighbours(device_uid, first_ms, last_ms))
    by_port = {port_id: columns.between(first_ms, columns.last_held_ms(last_ms)) for port_id, columns in chunks.items()}
    return {port_id: columns for port_id, columns in by_port.items() if columns.times_ms}


def _last_ms(by_port: dict[str, Columns], port_id: str) -> int:
    return by_port[port_id].times_ms[-1] if port_id in by_port else 0


def _begins_ms(columns: Columns) -> int:
    """The time of the first reading, or from which on it held."""
    return columns.times_ms[0] - columns.held_ms[0]


def _nearest(device_uid: str, port_ids: set[str], stretches: Iterable[Stretch], index: int) -> dict[str, Columns]:
    """The first reading (index 0) or the last (-1) of each outlet, in the first stretch that has one."""
    nearest: dict[str, Columns] = {}
    for stretch in stretches:
        if port_ids <= nearest.keys():
            break
        by_port = _load_between(device_uid, stretch)
        for port_id in (port_ids - nearest.keys()) & by_port.keys():
            at_ms = by_port[port_id].times_ms[index]
            nearest[port_id] = by_port[port_id].between(at_ms, at_ms)
    return nearest


def _hours_after(last_ms: int) -> Iterable[Stretch]:
    return ((at_ms + 1, at_ms + HOUR_MS) for at_ms in range(last_ms, last_ms + COUNTED_GAP_MS, HOUR_MS))


def _hours_before(first_ms: int) -> Iterable[Stretch]:
    return ((at_ms - HOUR_MS, at_ms - 1) for at_ms in range(first_ms, first_ms - COUNTED_GAP_MS, -HOUR_MS))
