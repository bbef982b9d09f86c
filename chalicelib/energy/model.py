"""Energy and money: what an outlet used in a span of time, in whole numbers until the one rounding at the end.

Energy is kept in whole microjoules, which are milliwatt-milliseconds. A price is kept in millionths of the currency per
kWh (accounts.DECIMALS), an emission factor in millionths of a gram per kWh. Microjoules times such a rate is a whole
number too: sums are exact, whatever the order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.accounts.model import DECIMALS

MICROJOULES_PER_WATT_HOUR = 3_600_000_000
MICROJOULES_PER_KWH = 1_000 * MICROJOULES_PER_WATT_HOUR
MICROJOULES_PER_WATT_MS = 1_000
MILLIONTHS: int = 10**DECIMALS
KWH_DECIMALS = 6
"""To the milliwatt-hour."""
MONEY_DECIMALS = 4
"""To a hundredth of a cent: a day of standby of one outlet costs less than a cent."""
GRAM_DECIMALS = 3
FULLY_COVERED = 0.95
"""Of a span with less, a part was not measured. A late reading at its edge is no gap."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one outlet used in a span of time.

    Attributes:
        start_ms: Start of the span (epoch ms).
        length_ms: Length of the span.
        in_use_microjoules: Energy drawn while the appliance was in use.
        standby_microjoules: Energy drawn in standby.
        covered_ms: The measured part of the span; gaps are not filled in.
        min_milliwatts: The lowest reading in the span, None without a reading.
        max_milliwatts: The highest reading in the span, None without a reading.
        counted_ms: Gaps whose energy is known from the meter's own counter.
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
        """Start of the next span (epoch ms)."""
        return self.start_ms + self.length_ms

    @property
    def microjoules(self) -> int:
        """All energy, in use and in standby."""
        return self.in_use_microjoules + self.standby_microjoules

    @property
    def known_ms(self) -> int:
        """The part of the span whose energy is known, measured or counted."""
        return self.covered_ms + self.counted_ms

    @property
    def is_fully_covered(self) -> bool:
        """Whether the span was measured nearly all of its time."""
        return self.covered_ms >= FULLY_COVERED * self.length_ms

    @property
    def is_standby(self) -> bool:
        """Whether all of the energy was drawn in standby, and there was some."""
        return self.in_use_microjoules == 0 and self.standby_microjoules > 0

    @property
    def mean_watts(self) -> float | None:
        """Mean power over the time whose energy is known, None where nothing is known."""
        return self.microjoules / self.known_ms / MICROJOULES_PER_WATT_MS if self.known_ms else None


def combine(parts: Sequence[Usage], start_ms: int, length_ms: int) -> Usage:
    """Add up the usages of the parts of a longer span; time without a part counts as not measured."""
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


def millionths(rate: float) -> int:
    """Convert a price or an emission factor, as a person typed it, to whole millionths."""
    return round(rate * MILLIONTHS)


def watt_hours(microjoules: int) -> float:
    """Convert to watt-hours, unrounded."""
    return microjoules / MICROJOULES_PER_WATT_HOUR


def kwh(microjoules: int) -> float:
    """Convert to kilowatt-hours, rounded half to even at KWH_DECIMALS."""
    return _rounded(Fraction(microjoules, MICROJOULES_PER_KWH), KWH_DECIMALS)


def money(amount: int) -> float:
    """Convert microjoules times millionths per kWh to units of the currency, rounded half to even at MONEY_DECIMALS."""
    return _rounded(Fraction(amount, MICROJOULES_PER_KWH * MILLIONTHS), MONEY_DECIMALS)


def grams(microjoules: int, grams_per_kwh: float) -> float:
    """Compute the emission of this energy in grams, rounded half to even at GRAM_DECIMALS."""
    emitted = Fraction(microjoules * millionths(grams_per_kwh), MICROJOULES_PER_KWH * MILLIONTHS)
    return _rounded(emitted, GRAM_DECIMALS)


def _rounded(exact: Fraction, decimals: int) -> float:
    scale: int = 10**decimals
    return round(exact * scale) / scale
