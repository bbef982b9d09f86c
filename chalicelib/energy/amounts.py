"""Energy in whole microjoules, prices in whole millionths, and the one rounding at the end.

A price is kept in millionths of the currency per kWh (accounts.DECIMALS), an emission factor in millionths of a gram
per kWh. Microjoules times such a rate is a whole number too, so that the order of adding never changes a cent.
"""

from __future__ import annotations

from fractions import Fraction

from chalicelib.accounts.model import DECIMALS
from chalicelib.energy.usage import MICROJOULES_PER_WATT_HOUR

MICROJOULES_PER_KWH = 1_000 * MICROJOULES_PER_WATT_HOUR
MILLIONTHS: int = 10**DECIMALS
KWH_DECIMALS = 6
"""To the milliwatt-hour."""
MONEY_DECIMALS = 4
"""To a hundredth of a cent: a day of standby of one outlet costs less than a cent."""
GRAM_DECIMALS = 3


def millionths(rate: float) -> int:
    """A price or factor as it was typed, in whole millionths."""
    return round(rate * MILLIONTHS)


def kwh(microjoules: int) -> float:
    """Kilowatt-hours, rounded half to even at KWH_DECIMALS."""
    return _rounded(Fraction(microjoules, MICROJOULES_PER_KWH), KWH_DECIMALS)


def money(amount: int) -> float:
    """Units of the currency, of microjoules times millionths per kWh, rounded half to even at MONEY_DECIMALS."""
    return _rounded(Fraction(amount, MICROJOULES_PER_KWH * MILLIONTHS), MONEY_DECIMALS)


def grams(microjoules: int, grams_per_kwh: float) -> float:
    """What so much energy emitted at a factor, rounded half to even at GRAM_DECIMALS."""
    emitted = Fraction(microjoules * millionths(grams_per_kwh), MICROJOULES_PER_KWH * MILLIONTHS)
    return _rounded(emitted, GRAM_DECIMALS)


def _rounded(exact: Fraction, decimals: int) -> float:
    scale: int = 10**decimals
    return round(exact * scale) / scale
