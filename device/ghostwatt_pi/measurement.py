"""A measurement: what a meter reads of one outlet at one moment."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ghostwatt_pi.cloud_time import now_ms
from ghostwatt_pi.schemas import RelayState

__all__ = ["GAP_MS", "MAX_AMPS", "MAX_CHANNEL", "MAX_VOLTS", "MAX_WATTS", "Measurement", "now_ms"]

GAP_MS = 120_000
"""The contract's gap: after two minutes without a measurement nobody knows what the appliance did."""
MAX_CHANNEL = 32
MAX_VOLTS, MAX_AMPS, MAX_WATTS = 500.0, 100.0, 25_000.0
"""The contract's bounds: the cloud rejects values below 0 or above these."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement: volts, amps and watts of the outlet on `channel`.

    `timestamp_ms` is the agent's own time (`now_ms`), which the buffer corrects (see cloud_time.py). `relay` is the
    state of the outlet's relay, from a meter that sends it with its readings.
    """

    channel: int
    timestamp_ms: int
    voltage: float
    current: float
    power: float
    relay: RelayState | None = field(default=None, compare=False)

    def is_plausible(self) -> bool:
        """Whether every value lies within the contract's bounds (NaN and infinity do not)."""
        values = ((self.voltage, MAX_VOLTS), (self.current, MAX_AMPS), (self.power, MAX_WATTS))
        return 1 <= self.channel <= MAX_CHANNEL and all(math.isfinite(v) and 0 <= v <= most for v, most in values)
