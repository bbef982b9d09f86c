"""How often an outlet drew how much: minutes by mean watts, and the gap between standby and use among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
"""So many minutes on each side before a gap between them is believed."""
MAX_STANDBY_WATTS = 10.0
"""What draws more is not called standby unless a person says so: the figure of the usual guides."""
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


def find_gap(minutes: Sequence[int]) -> Gap | None:
    """The lowest gap that parts standby from use; None while there is none (always on, or only off and use so far)."""
    below, peak, watt_minutes, above = 0, 0, 0.0, sum(minutes[1:])
    for index in range(1, _HIGHEST + 1):
        held = minutes[index]
        below, above, peak = below + held, above - held, max(peak, held)
        watt_minutes += held * _CENTRES[index]
        if above < MIN_USE_MINUTES:
            return None
        few = min(EMPTY_OF_MODE * below, EMPTY_OF_PEAK * peak)
        if below >= MIN_STANDBY_MINUTES and held > few >= minutes[index + 1]:
            gap = _gap_above(minutes, index, watt_minutes / below, few, above)
            if gap:
                return gap
    return None


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
_HIGHEST = bin_of(MAX_STANDBY_WATTS) - 1
