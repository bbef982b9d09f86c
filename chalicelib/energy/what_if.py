"""What if: the standby energy of the past that cuts would have saved, estimated from rolled-up usage.

A stretch of standby has no use, no off and no gap in it. A cut saves its energy past the dwell. The backtest
(detection/backtest.py) is exact, but the detector takes half a second of CPU for an outlet's month: too long for a home
in one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.energy.model import Usage
from chalicelib.energy.tariffs import Prices

FULLY_COVERED = 0.95
"""Of a slot with less, a part was not measured. A late reading at its edge is no gap."""


@dataclass(frozen=True, slots=True)
class Potential:
    """What cuts would have saved.

    Attributes:
        standby_microjoules: All standby energy.
        saved_microjoules: The part of it that cuts would have saved.
        saved_cost: Its cost (see model.money).
        cuts: The number of cuts.
    """

    standby_microjoules: int = 0
    saved_microjoules: int = 0
    saved_cost: int = 0
    cuts: int = 0


def is_fully_covered(usage: Usage) -> bool:
    """Say whether a span was measured nearly all of its time."""
    return usage.covered_ms >= FULLY_COVERED * usage.length_ms


def is_standby(usage: Usage) -> bool:
    """Say whether the outlet was in standby all that time."""
    return usage.in_use_microjoules == 0 and usage.standby_microjoules > 0


def potential(usages: Iterable[Usage], dwell_ms: int, prices: Prices) -> Potential:
    """Compute what cuts after this dwell would have saved, from usages in the order of time."""
    standby = saved = cost = cuts = 0
    for usage, lasted_ms in _standing(usages):
        standby += usage.standby_microjoules
        if lasted_ms is None or lasted_ms + usage.length_ms <= dwell_ms:
            continue
        waited_ms = max(dwell_ms - lasted_ms, 0)
        off = usage.standby_microjoules * (usage.length_ms - waited_ms) // usage.length_ms
        saved += off
        cost += off * prices.at(usage.start_ms)
        cuts += lasted_ms <= dwell_ms
    return Potential(standby, saved, cost, cuts)


def _standing(usages: Iterable[Usage]) -> Iterator[tuple[Usage, int | None]]:
    """Each usage with the time for which standby has lasted when it begins, None where it is not all standby."""
    since_ms = end_ms = None
    for usage in usages:
        if not is_standby(usage) or not is_fully_covered(usage):
            since_ms = None
        elif since_ms is None or usage.start_ms != end_ms:
            since_ms = usage.start_ms
        end_ms = usage.end_ms
        yield usage, None if since_ms is None else usage.start_ms - since_ms
