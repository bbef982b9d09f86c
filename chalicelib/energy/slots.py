"""Readings to five-minute slots: trapezoids between neighbours, exact in whole numbers, the same for any batching.

The energy between two readings is (p0 + p1) * dt / 2 milliwatt-milliseconds, rounded down to a whole microjoule. Where
a slot ends between them, each side gets the difference of that sum at its ends (power changing linearly, also rounded
down), so that the parts add up to the whole. A longer gap has no energy, unless the meter's own counter tells it: then
that energy is spread evenly over the gap.

A reading that held is a rectangle over the time that it held, but not beyond the reading before it. Only the time
between that reading and the rectangle is an interval or a gap. So it is the same as any cutting into shorter ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from chalicelib.core.times import DAY_MS, MINUTE_MS, QUARTER_MS
from chalicelib.energy.model import Usage, combine
from chalicelib.readings.model import Columns

SLOT_MS = 5 * MINUTE_MS
GAP_MS = 2 * MINUTE_MS
"""The use in a longer time without a reading is unknown and stays empty. Shorter than a slot, so that two neighbours
never have a whole slot between them."""
COUNTED_GAP_MS = DAY_MS
"""The longest gap that a counter fills: in a longer one the day of the use would be unknown."""
MICROJOULES_PER_MILLIWATT_HOUR = 3_600_000
MAX_MILLIWATTS = 25_000_000
"""The contract's bound of a reading: no outlet draws more."""
SMALLEST_RESET = 10
"""A fall of less than one part in so many is no reset. Meters round, and restore a total that they saved earlier.
Source: Home Assistant takes a total_increasing sensor that falls by less than 10 % for the same cycle."""


@dataclass(slots=True)
class _Sums:
    in_use_microjoules: int = 0
    standby_microjoules: int = 0
    covered_ms: int = 0
    counted_ms: int = 0
    min_milliwatts: int | None = None
    max_milliwatts: int | None = None

    def note_extremes(self, milliwatts: int) -> None:
        if self.min_milliwatts is None or milliwatts < self.min_milliwatts:
            self.min_milliwatts = milliwatts
        if self.max_milliwatts is None or milliwatts > self.max_milliwatts:
            self.max_milliwatts = milliwatts


class _Part(NamedTuple):
    start_ms: int
    end_ms: int
    microjoules: int


class _Reading(NamedTuple):
    """Power from a time until another one, which are the same where the reading did not hold."""

    since_ms: int
    at_ms: int
    milliwatts: int
    milliwatt_hours: int | None

    @property
    def microjoules(self) -> int:
        return self.milliwatts * (self.at_ms - self.since_ms)


def slots(columns: Columns, standby_below_milliwatts: int | None, first_ms: int, last_ms: int) -> list[Usage]:
    """Sum up an outlet's readings by five-minute slots.

    Power below the threshold at both ends of an interval is standby, unless nothing is drawn at either end. A reading
    that held is standby or use by its power, a counted gap by its mean.

    Args:
        columns: The outlet's readings, oldest first; of several at one time, the first stored first. They include the
            readings up to GAP_MS outside of the span, those that held from there on with all before them, and those at
            the ends of a counted gap.
        standby_below_milliwatts: The standby threshold; None while it is not known.
        first_ms: Slots that begin at this time or later are returned (epoch ms).
        last_ms: Slots that begin before this time are returned (epoch ms).

    Returns:
        The slots, oldest first, without those that hold nothing.
    """
    sums: defaultdict[int, _Sums] = defaultdict(_Sums)
    readings = _distinct(columns)
    for reading in readings:
        sums[reading.at_ms // SLOT_MS].note_extremes(reading.milliwatts)
        if reading.since_ms < reading.at_ms:
            _add_held(sums, reading, standby_below_milliwatts)
    for before, after in pairwise(readings):
        length_ms = after.since_ms - before.at_ms
        if 0 < length_ms <= GAP_MS:
            _add_measured(sums, before, after, standby_below_milliwatts)
        elif GAP_MS < length_ms <= COUNTED_GAP_MS:
            _add_counted(sums, before, after, standby_below_milliwatts)
    return [_usage(number * SLOT_MS, sums[number]) for number in sorted(sums) if first_ms <= number * SLOT_MS < last_ms]


def _distinct(columns: Columns) -> list[_Reading]:
    """The first reading of each time, held for no longer than since the one before."""
    readings: list[_Reading] = []
    rows = zip(columns.times_ms, columns.held_ms, columns.milliwatts, columns.milliwatt_hours, strict=True)
    for at_ms, held_ms, milliwatts, milliwatt_hours in rows:
        before_ms = readings[-1].at_ms if readings else None
        if at_ms != before_ms:
            since_ms = at_ms - held_ms if before_ms is None else max(at_ms - held_ms, before_ms)
            readings.append(_Reading(since_ms, at_ms, milliwatts, milliwatt_hours))
    return readings


def _add_held(sums: defaultdict[int, _Sums], held: _Reading, below: int | None) -> None:
    is_standby = below is not None and 0 < held.milliwatts < below
    for part in _parts(held.since_ms, held.at_ms, lambda ms: held.milliwatts * ms):
        total = _add(sums, part, is_standby=is_standby)
        total.covered_ms += part.end_ms - part.start_ms
        total.note_extremes(held.milliwatts)


def _add_measured(sums: defaultdict[int, _Sums], before: _Reading, after: _Reading, below: int | None) -> None:
    first, last, length_ms = before.milliwatts, after.milliwatts, after.since_ms - before.at_ms
    is_standby = below is not None and first < below and last < below and bool(first or last)

    def used_after(ms: int) -> int:
        return (2 * first * length_ms + (last - first) * ms) * ms // (2 * length_ms)

    for part in _parts(before.at_ms, after.since_ms, used_after):
        total = _add(sums, part, is_standby=is_standby)
        total.covered_ms += part.end_ms - part.start_ms


def _add_counted(sums: defaultdict[int, _Sums], before: _Reading, after: _Reading, below: int | None) -> None:
    if before.milliwatt_hours is None or after.milliwatt_hours is None:
        return
    length_ms = after.since_ms - before.at_ms
    max_milliwatts = max(before.milliwatts, after.milliwatts)
    used = counted_microjoules(
        before.milliwatt_hours, after.milliwatt_hours, length_ms, max_milliwatts, after.microjoules
    )
    if used is None:
        return
    is_standby = below is not None and 0 < used < below * length_ms
    for part in _parts(before.at_ms, after.since_ms, lambda ms: used * ms // length_ms):
        total = _add(sums, part, is_standby=is_standby)
        total.counted_ms += part.end_ms - part.start_ms


def counted_microjoules(
    before: int, after: int, length_ms: int, max_milliwatts: int, held_microjoules: int = 0
) -> int | None:
    """Compute the energy of a gap from the meter's counts at its ends.

    A counter that fell by less than a tenth was corrected or restored: the energy is unknown. A counter that fell by
    more was reset, and the energy is its count since then. That is an inference, so it holds only where the watts at
    the ends of the gap could have used as much. No gap holds more than MAX_MILLIWATTS for its length.

    Args:
        before: The count at the start of the gap, in milliwatt-hours.
        after: The count at its end.
        length_ms: Length of the gap.
        max_milliwatts: The higher of the two readings at its ends.
        held_microjoules: What was used after the gap while the reading held at which the counter was read.

    Returns:
        Microjoules; None where the counts do not tell.
    """
    rose = after >= before
    if not rose and (before - after) * SMALLEST_RESET < before:
        return None
    counted = (after - before if rose else after) * MICROJOULES_PER_MILLIWATT_HOUR
    used = max(counted - held_microjoules, 0)
    bound = length_ms * (MAX_MILLIWATTS if rose else max_milliwatts)  # a milliwatt for a millisecond is a microjoule
    return used if used <= bound else None


def _parts(from_ms: int, to_ms: int, used_after: Callable[[int], int]) -> Iterator[_Part]:
    """Cut an interval where slots end; used_after tells the energy of its first milliseconds."""
    boundaries = range((from_ms // SLOT_MS + 1) * SLOT_MS, to_ms, SLOT_MS)
    used = 0
    for start_ms, end_ms in pairwise([from_ms, *boundaries, to_ms]):
        total = used_after(end_ms - from_ms)
        yield _Part(start_ms, end_ms, total - used)
        used = total


def _add(sums: defaultdict[int, _Sums], part: _Part, *, is_standby: bool) -> _Sums:
    total = sums[part.start_ms // SLOT_MS]
    if is_standby:
        total.standby_microjoules += part.microjoules
    else:
        total.in_use_microjoules += part.microjoules
    return total


def _usage(start_ms: int, total: _Sums) -> Usage:
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


def quarter_hours(slots: Sequence[Usage]) -> list[Usage]:
    """Combine slots, oldest first, to quarter hours."""
    grouped = groupby(slots, key=lambda slot: slot.start_ms // QUARTER_MS)
    return [combine(list(group), number * QUARTER_MS, QUARTER_MS) for number, group in grouped]
