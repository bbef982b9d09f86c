"""What the Pi itself would say of standby while the cloud is away (`--local-detect`). It never cuts.

Only the cloud knows what may be cut: the policy, never-cut, and what it learned of the appliance. So the watch uses the
contract's rule for an outlet that nothing is known of, and tells; a cut waits for the cloud.
"""

from __future__ import annotations

from collections.abc import Iterable

from ghostwatt_pi.measurement import GAP_MS, Measurement
from ghostwatt_pi.tell import Tell

STANDBY_WATTS = 10.0
DWELL_MS = 1_800_000
"""The contract's defaults, before anything is learned: below 10 W for half an hour."""


class StandbyWatch:
    """Watches the outlets while it is on, which is while the cloud is away."""

    def __init__(self, tell: Tell) -> None:
        self.is_on = False
        self._tell = tell
        self._since_ms: dict[int, int] = {}
        self._last_ms: dict[int, int] = {}
        self._told: set[int] = set()

    def notice(self, measurements: Iterable[Measurement]) -> None:
        """Take new measurements; standby is counted also while nothing is told."""
        for measurement in measurements:
            self._follow(measurement)
            self._say(measurement)

    def _follow(self, measurement: Measurement) -> None:
        channel, at_ms = measurement.channel, measurement.timestamp_ms
        is_gap = at_ms - self._last_ms.get(channel, at_ms) > GAP_MS  # a gap is never dwell
        self._last_ms[channel] = at_ms
        if is_gap or not 0 < measurement.power < STANDBY_WATTS:
            self._since_ms.pop(channel, None)
            self._told.discard(channel)
        if 0 < measurement.power < STANDBY_WATTS:
            self._since_ms.setdefault(channel, at_ms)

    def _say(self, measurement: Measurement) -> None:
        channel = measurement.channel
        dwell_ms = measurement.timestamp_ms - self._since_ms.get(channel, measurement.timestamp_ms)
        if self.is_on and dwell_ms >= DWELL_MS and channel not in self._told:
            self._told.add(channel)
            self._tell("standby", channel=channel, watts=measurement.power, minutes=dwell_ms // 60_000)
