"""Checks that it is safe to carry out a relay command.

The detector's `off` carries a power and an expiry. It is carried out only if the newest measurement of that outlet, at
most two minutes old, is below the power, and the command has not expired. The newest measurement counts whether or not
it was sent. One that is older than FRESH_MS is made anew where the meter can be asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ghostwatt_pi.measurement import GAP_MS, Measurement, now_ms
from ghostwatt_pi.schemas import RelayCommand, RelayState

FRESH_MS = 10_000
"""A slow meter is read again before a cut when its newest measurement is older than this."""
Refusal = Literal["expired", "in_use"]


def refusal_of(command: RelayCommand, newest_watts: float | None, server_time_ms: int) -> Refusal | None:
    """Return the reason why a command must not be carried out.

    Args:
        command: The command.
        newest_watts: The outlet's power now; None when there is no recent measurement, and then it counts as in use.
        server_time_ms: The cloud's time now, epoch milliseconds.

    Returns:
        The reason, or None if the command is safe.
    """
    if command.desired == "on":
        return None
    if command.expires_at_ms is not None and server_time_ms >= command.expires_at_ms:
        return "expired"
    if command.only_below_watts is not None and (newest_watts is None or newest_watts >= command.only_below_watts):
        return "in_use"
    return None


class LatestMeasurements:
    """The newest measurement of each outlet, unless it is older than a gap. One thread adds, others read."""

    def __init__(self) -> None:
        self._newest: dict[int, Measurement] = {}

    def add(self, measurements: Iterable[Measurement]) -> None:
        """Keep the newest of each channel."""
        for measurement in measurements:
            self._newest[measurement.channel] = measurement

    def watts(self, channel: int) -> float | None:
        """The power that flows now; None when it is unknown."""
        newest = self._recent(channel)
        return newest.power if newest else None

    def is_fresh(self, channel: int) -> bool:
        """Whether the newest measurement says what flows at this moment."""
        newest = self._newest.get(channel)
        return newest is not None and now_ms() - newest.timestamp_ms <= FRESH_MS

    def relay_state(self, channel: int) -> RelayState | None:
        """The relay's state, from a meter that sends it with its readings."""
        newest = self._recent(channel)
        return newest.relay if newest else None

    def _recent(self, channel: int) -> Measurement | None:
        newest = self._newest.get(channel)
        return newest if newest and now_ms() - newest.timestamp_ms <= GAP_MS else None
