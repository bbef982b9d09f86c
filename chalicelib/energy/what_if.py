"""What cutting would have saved at most: standby energy of past stretches, without the dwell that comes before a cut.

An estimate from stored usage. A stretch is standby without use, without off and without a gap: a gap is never dwell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.energy.tariffs import Prices
from chalicelib.energy.usage import Usage

FULLY_COVERED = 0.95
"""A slot of which more is missing has a gap in it; a late reading at its edge is none."""


@dataclass(frozen=True, slots=True)
class Potential:
    """Microjoules of standby, those of them a cut would have saved with their cost (see amounts.money), and cuts."""

    standby_microjoules: int = 0
    saved_microjoules: int = 0
    saved_cost: int = 0
    cuts: int = 0


def is_fully_covered(usage: Usage) -> bool:
    """Whether nothing worth a word is missing in it."""
    return usage.covered_ms >= FULLY_COVERED * usage.length_ms


def is_standby(usage: Usage) -> bool:
    """Whether the outlet drew standby all that time, and nothing else."""
    return usage.in_use_microjoules == 0 and usage.standby_microjoules > 0


def potential(usages: Iterable[Usage], dwell_ms: int, prices: Prices) -> Potential:
    """What cuts after this dwell would have saved, of usages in the order of time."""
    standby = saved = cost = cuts = 0
    for usage, standing_ms in _standing(usages):
        standby += usage.standby_microjoules
        if standing_ms is None or standing_ms + usage.length_ms <= dwell_ms:
            continue
        waited_ms = max(dwell_ms - standing_ms, 0)
        off = usage.standby_microjoules * (usage.length_ms - waited_ms) // usage.length_ms
        saved += off
        cost += off * prices.at(usage.start_ms)
        cuts += standing_ms <= dwell_ms
    return Potential(standby, saved, cost, cuts)


def _standing(usages: Iterable[Usage]) -> Iterator[tuple[Usage, int | None]]:
    """Each usage with how long standby has stood when it begins, None where it is no plain standby."""
    since_ms = end_ms = None
    for usage in usages:
        if not is_standby(usage) or not is_fully_covered(usage):
            since_ms = None
        elif since_ms is None or usage.start_ms != end_ms:
            since_ms = usage.start_ms
        end_ms = usage.end_ms
        yield usage, None if since_ms is None else usage.start_ms - since_ms
