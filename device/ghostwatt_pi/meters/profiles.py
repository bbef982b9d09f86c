"""How appliances draw power over the day: each profile repeats a timeline of stretches, in use and standby.

Watts and durations are typical values from appliance data sheets and public plug-meter recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many watts for so many seconds."""

    watts: float
    seconds: float


@dataclass(frozen=True)
class Profile:
    """A timeline that repeats for ever."""

    stretches: Sequence[Stretch]

    @property
    def cycle_seconds(self) -> float:
        """How long one run of the timeline takes."""
        return sum(stretch.seconds for stretch in self.stretches)

    def watts(self, at_seconds: float) -> float:
        """The power at this moment of the appliance's own time, without noise."""
        left = at_seconds % self.cycle_seconds
        for stretch in self.stretches:
            if left < stretch.seconds:
                return stretch.watts
            left -= stretch.seconds
        return self.stretches[-1].watts  # rounding at the very end of the cycle


def _in_use_and_standby(in_use_watts: float, standby_watts: float, *minutes: float) -> Profile:
    """Minutes in use and in standby, by turns."""
    watts = (in_use_watts, standby_watts)
    return Profile([Stretch(watts[index % 2], spell * MINUTE) for index, spell in enumerate(minutes)])


_WASH_AND_PAUSE = [Stretch(120.0, 6 * MINUTE), Stretch(3.5, 2 * MINUTE)]
"""The drum turns, then the clothes soak: a pause that looks like standby, inside the programme."""

WASHING_MACHINE = Profile(
    [
        Stretch(2000.0, 14 * MINUTE),
        *_WASH_AND_PAUSE * 3,
        Stretch(2000.0, 6 * MINUTE),
        *_WASH_AND_PAUSE * 2,
        Stretch(400.0, 4 * MINUTE),
        Stretch(4.6, 3 * MINUTE),
        Stretch(120.0, 8 * MINUTE),
        Stretch(2.4, 2 * MINUTE),
        Stretch(400.0, 9 * MINUTE),
        Stretch(1.6, 22 * HOUR + 34 * MINUTE),
    ]
)

PROFILES = {
    "television": _in_use_and_standby(90.0, 2.8, 30, 90, 180, 1140),
    "console": _in_use_and_standby(120.0, 8.0, 45, 240, 120, 1035),
    "washing-machine": WASHING_MACHINE,
    "fridge": Profile([Stretch(85.0, 12 * MINUTE), Stretch(1.1, 18 * MINUTE)]),
    "router": Profile([Stretch(9.0, HOUR)]),
}
"""By the name that the command line uses."""
