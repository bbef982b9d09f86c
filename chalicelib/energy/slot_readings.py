"""The stored readings that slots are made of: those of their time, and those at the ends of counted gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chalicelib.core.times import HOUR_MS
from chalicelib.detection.port_state import DeviceState
from chalicelib.energy.counted_gaps import COUNTED_GAP_MS
from chalicelib.energy.slots import GAP_MS
from chalicelib.readings import store as readings
from chalicelib.readings.model import Columns, merged

Stretch = tuple[int, int]
"""Its first and its last millisecond (epoch ms)."""


def columns_between(state: DeviceState, port_ids: Collection[str], first_ms: int, last_ms: int) -> dict[str, Columns]:
    """The stored readings of a device by port that slots between these times are made of; state is the device's.

    All up to GAP_MS outside, and for meters with a counter the nearest one to either side, where a gap may reach
    further. Raises Unreadable.
    """
    first_read_ms, last_read_ms = first_ms - GAP_MS, last_ms + GAP_MS
    found = _within(state.device_uid, (first_read_ms, last_read_ms))
    known = {port_id: state.ports[port_id] for port_id in port_ids if port_id in state.ports}
    newest_ms = {port_id: port.detector.watermark_ms for port_id, port in known.items() if port.is_counted}
    after = {port for port in newest_ms if newest_ms[port] > last_read_ms and _last_ms(found, port) < last_ms}
    for port_id, next_one in _nearest(state.device_uid, after, _hours_after(last_read_ms), 0).items():
        found[port_id] = found.get(port_id, Columns()).joined(next_one)
    before = {port for port in newest_ms if port in found and found[port].times_ms[0] > first_ms}
    for port_id, one_before in _nearest(state.device_uid, before, _hours_before(first_read_ms), -1).items():
        found[port_id] = one_before.joined(found[port_id])
    return found


def _within(device_uid: str, stretch: Stretch) -> dict[str, Columns]:
    """All readings of a stretch by port: a chunk may reach out of it, where others are not loaded."""
    whole = merged(readings.overlapping(device_uid, *stretch))
    cut = {port_id: columns.between(*stretch) for port_id, columns in whole.items()}
    return {port_id: columns for port_id, columns in cut.items() if columns.times_ms}


def _last_ms(found: dict[str, Columns], port_id: str) -> int:
    return found[port_id].times_ms[-1] if port_id in found else 0


def _nearest(device_uid: str, wanted: set[str], stretches: Iterable[Stretch], index: int) -> dict[str, Columns]:
    """The first reading (index 0) or the last (-1) of each wanted port, in the first stretch that has one."""
    found: dict[str, Columns] = {}
    for stretch in stretches:
        if wanted <= found.keys():
            break
        within = _within(device_uid, stretch)
        for port_id in (wanted - found.keys()) & within.keys():
            at_ms = within[port_id].times_ms[index]
            found[port_id] = within[port_id].between(at_ms, at_ms)
    return found


def _hours_after(last_ms: int) -> Iterable[Stretch]:
    return ((at_ms + 1, at_ms + HOUR_MS) for at_ms in range(last_ms, last_ms + COUNTED_GAP_MS, HOUR_MS))


def _hours_before(first_ms: int) -> Iterable[Stretch]:
    return ((at_ms - HOUR_MS, at_ms - 1) for at_ms in range(first_ms, first_ms - COUNTED_GAP_MS, -HOUR_MS))
