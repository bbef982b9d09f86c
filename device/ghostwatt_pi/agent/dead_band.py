"""The dead band: how far an outlet's watts may wander while they count as steady.

It is as wide as the meter's own step or one percent of the watts, whichever is more. The step is learned from flicker:
a measurement that differs from both its neighbours, which are equal. A meter that measures in steps of 2.1 W flickers
by one step between two neighbouring levels; an appliance that is switched does not come back at the next measurement.
A flicker above MOST_STEP_WATTS is the appliance's, not the meter's. A step learned too large does little harm: a change
within the band shows in the mean of the next span, at most a minute later.
"""

from __future__ import annotations

from collections import deque

FLOOR_WATTS = 0.2
"""Two steps of a plug that measures in 0.1 W."""
PART = 0.01
MOST_STEP_WATTS = 3.0
"""The coarsest meter in use, a PZEM-004T or a plug of 2011, steps by about 2.1 W."""
TOLERANCE = 1.1
"""Values are rounded: a step of 2.14 W shows as 2.1 or 2.2."""
LEAST_FLICKERS, MOST_FLICKERS = 5, 50


class DeadBand:
    """The dead band of one outlet, from the measurements that it is given in their order."""

    def __init__(self) -> None:
        self._step_watts = 0.0
        self._flickers: deque[float] = deque(maxlen=MOST_FLICKERS)
        self._before: float | None = None
        self._newest: float | None = None

    def learn(self, watts: float) -> None:
        """Take the next measurement."""
        if self._newest is not None and self._before == watts != self._newest:
            flicker = abs(self._newest - watts)
            if flicker <= MOST_STEP_WATTS:
                self._flickers.append(flicker)
                self._step_watts = self._typical()
        self._before, self._newest = self._newest, watts

    def holds(self, least_watts: float, most_watts: float) -> bool:
        """Whether measurements between these two count as one steady value."""
        return most_watts - least_watts <= max(FLOOR_WATTS, self._step_watts * TOLERANCE, PART * most_watts) + 1e-9

    def _typical(self) -> float:
        """Return the lower quartile of the flickers: the step, though some flickers are those of two steps."""
        if len(self._flickers) < LEAST_FLICKERS:
            return 0.0
        return sorted(self._flickers)[len(self._flickers) // 4]
