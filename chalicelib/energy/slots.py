"""Readings to five-minute slots: trapezoids between neighbours, exact in whole numbers, the same for any batching.

The energy between two readings is (p0 + p1) * dt / 2 milliwatt-milliseconds, rounded down to a whole microjoule. Where
a slot ends in between, each side gets the difference of that sum at its ends (power changing linearly, also rounded
down), so that the parts add up to the whole. The energy of a gap that a meter's counter tells is spread over it by
time in the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from chalicelib.core.times import MINUTE_MS, QUARTER_MS
from chalicelib.energy import counted_gaps as counted
from chalicelib.energy.usage import Usage, combined
from chalicelib.readings.model import Columns

SLOT_MS = 5 * MINUTE_MS
GAP_MS = 2 * MINUTE_MS
"""Past two minutes without a reading nobody knows what was used: such a gap is not filled in. Shorter than a slot, so
that two neighbours never have a whole slot between them."""


@dataclass(slots=True)
class _Sum:
    in_use_microjoules: int = 0
    standby_microjoules: int = 0
    covered_ms: int = 0
    counted_ms: int = 0
    min_milliwatts: int | None = None
    max_milliwatts: int | None = None

    def see(self, milliwatts: int) -> None:
        if self.min_milliwatts is None or milliwatts < self.min_milliwatts:
            self.min_milliwatts = milliwatts
        if self.max_milliwatts is None or milliwatts > self.max_milliwatts:
            self.max_milliwatts = milliwatts


class _Part(NamedTuple):
    start_ms: int
    end_ms: int
    microjoules: int


class _Reading(NamedTuple):
    at_ms: int
    milliwatts: int
    milliwatt_hours: int | None


def slots(columns: Columns, standby_below_milliwatts: int | None, first_ms: int, last_ms: int) -> list[Usage]:
    """The slots that begin from first_ms up to, not including, last_ms; those without a reading are left out.

    The columns are one port's, oldest first, of one time the first stored first, and hold what lies up to GAP_MS
    outside as well, and the readings at the ends of a counted gap. Power below the threshold at both ends is standby,
    unless nothing is drawn at either; a counted gap is standby or not by its mean.
    """
    sums: defaultdict[int, _Sum] = defaultdict(_Sum)
    readings = _distinct(columns)
    for reading in readings:
        sums[reading.at_ms // SLOT_MS].see(reading.milliwatts)
    for before, after in pairwise(readings):
        if after.at_ms - before.at_ms <= GAP_MS:
            _add_measured(sums, before, after, standby_below_milliwatts)
        elif after.at_ms - before.at_ms <= counted.COUNTED_GAP_MS:
            _add_counted(sums, before, after, standby_below_milliwatts)
    return [_usage(number * SLOT_MS, sums[number]) for number in sorted(sums) if first_ms <= number * SLOT_MS < last_ms]


def _distinct(columns: Columns) -> list[_Reading]:
    readings = map(_Reading, columns.times_ms, columns.milliwatts, columns.milliwatt_hours)
    return [next(same) for _, same in groupby(readings, key=lambda reading: reading.at_ms)]


def _add_measured(sums: defaultdict[int, _Sum], before: _Reading, after: _Reading, below: int | None) -> None:
    first, last, length_ms = before.milliwatts, after.milliwatts, after.at_ms - before.at_ms
    is_standby = below is not None and first < below and last < below and bool(first or last)
    at_first = 2 * first * length_ms
    for part in _parts(before, after, lambda ms: (at_first + (last - first) * ms) * ms // (2 * length_ms)):
        total = _add(sums, part, is_standby=is_standby)
        total.covered_ms += part.end_ms - part.start_ms


def _add_counted(sums: defaultdict[int, _Sum], before: _Reading, after: _Reading, below: int | None) -> None:
    if before.milliwatt_hours is None or after.milliwatt_hours is None:
        return
    length_ms = after.at_ms - before.at_ms
    most_milliwatts = max(before.milliwatts, after.milliwatts)
    used = counted.microjoules(before.milliwatt_hours, after.milliwatt_hours, length_ms, most_milliwatts)
    if used is None:
        return
    is_standby = below is not None and 0 < used < below * length_ms
    for part in _parts(before, after, lambda ms: used * ms // length_ms):
        total = _add(sums, part, is_standby=is_standby)
        total.counted_ms += part.end_ms - part.start_ms


def _parts(before: _Reading, after: _Reading, used_after: Callable[[int], int]) -> Iterator[_Part]:
    """An interval, cut where slots end, given what was used in its first milliseconds."""
    from_ms, to_ms = before.at_ms, after.at_ms
    boundaries = range((from_ms // SLOT_MS + 1) * SLOT_MS, to_ms, SLOT_MS)
    used = 0
    for start_ms, end_ms in pairwise([from_ms, *boundaries, to_ms]):
        total = used_after(end_ms - from_ms)
        yield _Part(start_ms, end_ms, total - used)
        used = total


def _add(sums: defaultdict[int, _Sum], part: _Part, *, is_standby: bool) -> _Sum:
    total = sums[part.start_ms // SLOT_MS]
    if is_standby:
        total.standby_microjoules += part.microjoules
    else:
        total.in_use_microjoules += part.microjoules
    return total


def _usage(start_ms: int, total: _Sum) -> Usage:
    return Usage(
        start_ms,
        SLOT_MS,
        total.in_use_microjoules,
        total.standby_microjoules,
        total.covered_ms,
        total.min_milliwatts,
        total.max_milliwatts,
        total.counted_ms,
    )


def quarters(parts: Sequence[Usage]) -> list[Usage]:
    """Slots, oldest first, as the quarter hours that they make up."""
    grouped = groupby(parts, key=lambda part: part.start_ms // QUARTER_MS)
    return [combined(list(group), number * QUARTER_MS, QUARTER_MS) for number, group in grouped]
