"""Notices when an outlet's watts have changed enough to be told at once.

The bar is chosen by what it costs. On the 243 days of recorded appliances, beside an upload a minute: 20 W alone makes
159 more uploads a day and outlet; 20 W and 30 %, 126; and 43 (median 9, or 3 % more) when two readings in a row must
show it, which leaves out the spikes of motors and of meters.
"""

from __future__ import annotations

from collections.abc import Iterable

from ghostwatt_pi.measurement import Measurement

STEP_WATTS = 20.0
STEP_PART = 0.3
READINGS_IN_A_ROW = 2


class WattsSteps:
    """Compares each outlet with what the cloud was last told of it."""

    def __init__(self, step_watts: float = STEP_WATTS) -> None:
        self._step_watts = step_watts
        self._newest: dict[int, float] = {}
        self._told: dict[int, float] = {}
        self._in_a_row: dict[int, int] = {}

    def notice(self, measurements: Iterable[Measurement]) -> bool:
        """Take new measurements; whether one of them confirms a step."""
        steps = [self._is_step(measurement.channel, measurement.power) for measurement in measurements]
        return any(steps)

    def told(self) -> None:
        """The newest measurements are on their way to the cloud."""
        self._told = dict(self._newest)
        self._in_a_row.clear()

    def _is_step(self, channel: int, watts: float) -> bool:
        self._newest[channel] = watts
        told = self._told.setdefault(channel, watts)
        change = abs(watts - told)
        is_large = change >= self._step_watts and change >= STEP_PART * max(watts, told)
        self._in_a_row[channel] = self._in_a_row.get(channel, 0) + 1 if is_large else 0
        return self._in_a_row[channel] >= READINGS_IN_A_ROW
