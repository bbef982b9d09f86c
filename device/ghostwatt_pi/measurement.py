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

    Attributes:
        channel: The meter's channel.
        timestamp_ms: The agent's own time (`now_ms`), which the buffer corrects (see cloud_time.py).
        voltage: Volts; None from a meter that does not measure them.
        current: Amps; None from a meter that does not measure them.
        power: Watts.
        relay: The state of the outlet's relay, from a meter that sends it with its readings.
        held_ms: How long these values held up to `timestamp_ms`; then they are means over that time (see
            agent/spans.py). 0 for a single measurement, as every meter gives it.
        reports_changes: The meter sends every change by itself, and says so when it loses its sensor. So what it sent
            before this measurement held until now, however long ago that was.
        after_gap: The meter could not measure at some moment between the measurement before and this one.
    """

    channel: int
    timestamp_ms: int
    voltage: float | None
    current: float | None
    power: float
    relay: RelayState | None = field(default=None, compare=False)
    held_ms: int = 0
    reports_changes: bool = field(default=False, compare=False)
    after_gap: bool = field(default=False, compare=False)

    def in_words(self) -> str:
        """Describe the values that are known."""
        volts = [] if self.voltage is None else [f"{self.voltage:.1f} V"]
        amps = [] if self.current is None else [f"{self.current:.3f} A"]
        return ", ".join([*volts, *amps, f"{self.power:.1f} W"])

    def is_plausible(self) -> bool:
        """Whether every value lies within the contract's bounds (NaN and infinity do not)."""
        values = ((self.voltage, MAX_VOLTS), (self.current, MAX_AMPS), (self.power, MAX_WATTS))
        return 1 <= self.channel <= MAX_CHANNEL and all(
            value is None or (math.isfinite(value) and 0 <= value <= most) for value, most in values
        )
