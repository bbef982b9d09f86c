"""What an outlet used in a stretch of time, and several such stretches as one longer one.

Energy is kept in whole microjoules, which are milliwatt-milliseconds: sums are exact, whatever their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MICROJOULES_PER_WATT_HOUR = 3_600_000_000
MICROJOULES_PER_WATT_MS = 1_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What one outlet used in a stretch of time.

    covered_ms is the measured part of it: gaps are not filled in. counted_ms are those gaps of it whose energy the
    meter's own counter tells. The extremes are those of its readings, None without any.
    """

    start_ms: int
    length_ms: int
    in_use_microjoules: int = 0
    standby_microjoules: int = 0
    covered_ms: int = 0
    min_milliwatts: int | None = None
    max_milliwatts: int | None = None
    counted_ms: int = 0

    @property
    def end_ms(self) -> int:
        """Where the next stretch begins."""
        return self.start_ms + self.length_ms

    @property
    def microjoules(self) -> int:
        """All energy used, in use and in standby."""
        return self.in_use_microjoules + self.standby_microjoules

    @property
    def known_ms(self) -> int:
        """The part of it whose energy is known, measured or counted."""
        return self.covered_ms + self.counted_ms

    @property
    def mean_watts(self) -> float | None:
        """The mean over the time whose energy is known, None where nothing is."""
        return self.microjoules / self.known_ms / MICROJOULES_PER_WATT_MS if self.known_ms else None


def watt_hours(microjoules: int) -> float:
    """Energy in the unit that people know."""
    return microjoules / MICROJOULES_PER_WATT_HOUR


def combined(parts: Sequence[Usage], start_ms: int, length_ms: int) -> Usage:
    """The usage of a longer stretch, from the usages of its parts; what is not in the parts was not measured."""
    return Usage(
        start_ms,
        length_ms,
        sum(part.in_use_microjoules for part in parts),
        sum(part.standby_microjoules for part in parts),
        sum(part.covered_ms for part in parts),
        min((part.min_milliwatts for part in parts if part.min_milliwatts is not None), default=None),
        max((part.max_milliwatts for part in parts if part.max_milliwatts is not None), default=None),
        sum(part.counted_ms for part in parts),
    )
