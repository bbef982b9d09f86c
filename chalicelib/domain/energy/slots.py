"""Readings to five-minute slots: trapezoids between neighbours, exact in whole numbers, the same for any batching.

The energy between two readings is (p0 + p1) * dt / 2 milliwatt-milliseconds, rounded down to a whole microjoule. Where
a slot ends in between, each side gets the difference of that sum at its ends (power changing linearly, also rounded
down), so that the parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from chalicelib.domain.energy.usage import Usage, combined
from chalicelib.domain.readings import Columns
from chalicelib.domain.times import MINUTE_MS

SLOT_MS = 5 * MINUTE_MS
QUARTER_MS = 15 * MINUTE_MS
"""The longest stretch of which hours and days of every zone are made: Kathmandu is 5:45 ahead."""
GAP_MS = 2 * MINUTE_MS
"""Past two minutes without a reading nobody knows what was used: such a gap is not filled in. Shorter than a slot, so
that two neighbours never have a whole slot between them."""


@dataclass(slots=True)
class _Sum:
    in_use_microjoules: int = 0
    standby_microjoules: int = 0
    covered_ms: int = 0
    min_milliwatts: int | None = None
    max_milliwatts: int | None = None

    def see(self, milliwatts: int) -> None:
        if self.min_milliwatts is None or milliwatts < self.min_milliwatts:
            self.min_milliwatts = milliwatts
        if self.max_milliwatts is None or milliwatts > self.max_milliwatts:
            self.max_milliwatts = milliwatts


@dataclass(frozen=True, slots=True)
class _Part:
    start_ms: int
    end_ms: int
    microjoules: int


def slots(columns: Columns, standby_below_milliwatts: int | None, first_ms: int, last_ms: int) -> list[Usage]:
    """The slots that begin from first_ms up to, not including, last_ms; those without a reading are left out.

    The columns are one port's, oldest first, of one time the first stored first, and hold what lies up to GAP_MS
    outside as well. Power below the threshold at both ends is standby, unless nothing is drawn at either.
    """
    sums: dict[int, _Sum] = {}
    readings = _distinct(columns)
    for at_ms, milliwatts in readings:
        sums.setdefault(at_ms // SLOT_MS, _Sum()).see(milliwatts)
    for (from_ms, before), (to_ms, after) in pairwise(readings):
        if to_ms - from_ms <= GAP_MS:
            is_standby = _is_standby(before, after, standby_below_milliwatts)
            for part in _parts(from_ms, before, to_ms, after):
                _add(sums.setdefault(part.start_ms // SLOT_MS, _Sum()), part, is_standby=is_standby)
    return [_usage(number * SLOT_MS, sums[number]) for number in sorted(sums) if first_ms <= number * SLOT_MS < last_ms]


def _distinct(columns: Columns) -> list[tuple[int, int]]:
    first = dict(zip(reversed(columns.times_ms), reversed(columns.milliwatts), strict=True))
    return list(reversed(first.items()))


def _is_standby(before: int, after: int, below: int | None) -> bool:
    return below is not None and before < below and after < below and bool(before or after)


def _parts(from_ms: int, before: int, to_ms: int, after: int) -> Iterator[_Part]:
    """An interval, cut where slots end."""
    length_ms = to_ms - from_ms
    boundaries = range((from_ms // SLOT_MS + 1) * SLOT_MS, to_ms, SLOT_MS)
    used = 0
    for start_ms, end_ms in pairwise([from_ms, *boundaries, to_ms]):
        until_ms = end_ms - from_ms
        total = (2 * before * length_ms + (after - before) * until_ms) * until_ms // (2 * length_ms)
        yield _Part(start_ms, end_ms, total - used)
        used = total


def _add(total: _Sum, part: _Part, *, is_standby: bool) -> None:
    total.covered_ms += part.end_ms - part.start_ms
    if is_standby:
        total.standby_microjoules += part.microjoules
    else:
        total.in_use_microjoules += part.microjoules


def _usage(start_ms: int, total: _Sum) -> Usage:
    return Usage(
        start_ms,
        SLOT_MS,
        total.in_use_microjoules,
        total.standby_microjoules,
        total.covered_ms,
        total.min_milliwatts,
        total.max_milliwatts,
    )


def quarters(parts: Sequence[Usage]) -> list[Usage]:
    """Slots, oldest first, as the quarter hours that they make up."""
    grouped = groupby(parts, key=lambda part: part.start_ms // QUARTER_MS)
    return [combined(list(group), number * QUARTER_MS, QUARTER_MS) for number, group in grouped]
