"""How often an outlet drew how much: minutes by mean watts, and the gap between standby and use among them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.ports.kinds import MAX_STANDBY_WATTS

OFF_WATTS = 0.4
"""Below it a minute counts as nothing drawn, and a stretch is not worth a cut: 3.5 kWh a year."""
BINS_PER_OCTAVE = 6
"""An eighth apart: fine enough to part 6 W of standby from 9 W of use."""
BINS = 80
"""Bin 0 is off; the others reach 3.7 kW, the most a 16 A outlet gives."""
MEMORY_MINUTES = 14 * 24 * 60
"""When more minutes are held all counts are halved: an appliance changed on the outlet is learned anew in weeks."""

MIN_STANDBY_MINUTES = 10
MIN_USE_MINUTES = 5
"""So many minutes on each side before a gap between them is believed. Five are enough on both sides where the gap
reaches over HIGH_RATIO: one load does not wander so far."""
MIN_SHARE = 0.05
"""A level below the lowest gap is standby if it holds this share of the minutes up to MAX_STANDBY_WATTS: an appliance
that sleeps deeper for twenty minutes in two weeks is not in use for the rest of them. Where there is no other gap, the
lowest one counts all the same: what is taken for use is not cut."""
SURE_STANDBY_WATTS = 10.0
"""The figure of the usual guides: up to here a level that use exceeds by MIN_RATIO is standby."""
HIGH_RATIO = 3.0
"""Above SURE_STANDBY_WATTS the gap itself must reach over so much: a laptop or a disk in use draws 12 to 18 W, too, and
wanders up to what it draws when it is busy."""
SPREAD = 1.25
"""A standby load wanders by a quarter about its mean."""
MIN_USE_WATTS = 3.0
"""Plug meters step by one or two watts: below this, levels cannot be told apart."""
MIN_RATIO = 1.6
"""Use draws at least so much more than standby: two levels nearer than that are one load that wanders (a router)."""
MIN_EMPTY_BINS = 2
"""The mean of a few readings of a meter that steps takes a few values only: one empty bin between two of them is the
meter's doing. A gap is a third of an octave or more."""
EMPTY_OF_MODE, EMPTY_OF_PEAK = 0.02, 0.1
"""A bin is empty that holds at most a fiftieth of the minutes below the gap and a tenth of the fullest bin there: the
minutes in which the mode changed fall into the gap too."""
HEADROOM = 1.5
"""The threshold lies at most half above standby: a level not seen before is taken as use."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The gap above standby: standby_watts is the mean below; from low_watts to high_watts hardly anything is drawn."""

    standby_watts: float
    low_watts: float
    high_watts: float

    @property
    def threshold_watts(self) -> float:
        """Inside the gap, near standby: the middle (geometric), but at most HEADROOM above its lower end."""
        return min(math.sqrt(self.low_watts * self.high_watts), HEADROOM * self.low_watts)


def bin_of(watts: float) -> int:
    """The bin that a minute of these mean watts is counted in."""
    if watts < OFF_WATTS:
        return 0
    return min(BINS - 1, 1 + int(BINS_PER_OCTAVE * math.log2(watts / OFF_WATTS)))


def lower_edge(index: int) -> float:
    """Where bin index begins, in watts (index 1 or more)."""
    return OFF_WATTS * math.exp2((index - 1) / BINS_PER_OCTAVE)


def count(minutes: list[int], watts: float, lasted_minutes: int) -> None:
    """Count minutes of these mean watts into minutes (BINS counts, changed in place), forgetting slowly."""
    minutes[bin_of(watts)] += lasted_minutes
    if sum(minutes) > MEMORY_MINUTES:
        minutes[:] = [held // 2 for held in minutes]


def take_back(minutes: list[int], index: int, lasted_minutes: int) -> None:
    """Take minutes that were counted last out of bin index again (changed in place)."""
    minutes[index] = max(0, minutes[index] - lasted_minutes)


def minutes_from(minutes: Sequence[int], from_watts: float, below_watts: float = math.inf) -> int:
    """The minutes in the bins from that of from_watts to before that of below_watts, those of off left out."""
    end = BINS if math.isinf(below_watts) else bin_of(below_watts)
    return sum(minutes[max(1, bin_of(from_watts)) : end])


def find_gap(
    minutes: Sequence[int],
    max_standby_watts: float = MAX_STANDBY_WATTS,
    held_watts: float = 0.0,
    least_watts: float = 0.0,
) -> Gap | None:
    """The lowest gap that parts a level with its share of the time from use, else the lowest of all.

    None while there is none (always on, or only off and use so far). The gap around held_watts, the threshold so far,
    needs half of the share: the threshold must not jump to and fro. A max_standby_watts over MAX_STANDBY_WATTS comes
    with a kind that is known to wait at so much: then HIGH_RATIO is not asked for. A gap of less than least_watts is
    none.
    """
    highest = min(BINS - 2, bin_of(max_standby_watts * SPREAD))
    least = MIN_SHARE * sum(minutes[1 : highest + 1])
    lowest = None
    sure_watts = max_standby_watts if max_standby_watts > MAX_STANDBY_WATTS else SURE_STANDBY_WATTS
    for gap, below in _gaps(minutes, highest, sure_watts):
        if gap.standby_watts > max_standby_watts:
            break
        if gap.high_watts - gap.low_watts < least_watts:
            continue
        is_held = gap.low_watts <= held_watts < gap.high_watts
        if below >= (least / 2 if is_held else least):
            return gap
        lowest = lowest or gap
    return lowest


def _gaps(minutes: Sequence[int], highest: int, sure_watts: float) -> Iterator[tuple[Gap, int]]:
    """The gaps above each bin up to the highest, the lowest first, with the minutes below."""
    below, peak, watt_minutes, above = 0, 0, 0.0, sum(minutes[1:])
    for index in range(1, highest + 1):
        held = minutes[index]
        below, above, peak = below + held, above - held, max(peak, held)
        watt_minutes += held * _CENTRES[index]
        if above < MIN_USE_MINUTES:
            return
        few = min(EMPTY_OF_MODE * below, EMPTY_OF_PEAK * peak)
        if below >= MIN_USE_MINUTES and held > few >= minutes[index + 1]:
            gap = _gap_above(minutes, index, watt_minutes / below, few, above)
            may_be_narrow = below >= MIN_STANDBY_MINUTES and lower_edge(index) <= sure_watts
            if gap and (may_be_narrow or gap.high_watts >= HIGH_RATIO * gap.low_watts):
                yield gap, below


def _gap_above(minutes: Sequence[int], index: int, standby_watts: float, few: float, above: int) -> Gap | None:
    end = index + 1
    while minutes[end] <= few and above - minutes[end] >= MIN_USE_MINUTES:
        above -= minutes[end]
        end += 1
    narrow = end - index - 1 < MIN_EMPTY_BINS
    if narrow or lower_edge(end) < MIN_USE_WATTS or _mean(minutes, end) < MIN_RATIO * standby_watts:
        return None
    return Gap(standby_watts, max(lower_edge(index + 1), MIN_USE_WATTS / HEADROOM), lower_edge(end))


def _mean(minutes: Sequence[int], start: int) -> float:
    """The geometric mean of the watts from bin start up."""
    steps = sum(held * index for index, held in enumerate(minutes[start:], start))
    return OFF_WATTS * math.exp2((steps / sum(minutes[start:]) - 0.5) / BINS_PER_OCTAVE)


_CENTRES = [0.0, *(OFF_WATTS * math.exp2((index - 0.5) / BINS_PER_OCTAVE) for index in range(1, BINS))]
