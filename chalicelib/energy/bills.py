"""Energy, cost and savings laid over periods, each quarter hour at the price of its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from chalicelib.energy.calendar import Period, index_of
from chalicelib.energy.savings import Saving
from chalicelib.energy.tariffs import Prices
from chalicelib.energy.usage import Usage


@dataclass(slots=True)
class Tally:
    """Sums of a period: whole microjoules, and money as microjoules times millionths per kWh (see amounts)."""

    microjoules: int = 0
    standby_microjoules: int = 0
    cost: int = 0
    standby_cost: int = 0
    saved_microjoules: int = 0
    saved_cost: int = 0
    covered_ms: int = 0

    def use(self, usage: Usage, price: int) -> None:
        """Count a quarter hour or less at its price."""
        self.microjoules += usage.microjoules
        self.standby_microjoules += usage.standby_microjoules
        self.cost += usage.microjoules * price
        self.standby_cost += usage.standby_microjoules * price
        self.covered_ms += usage.covered_ms

    def save(self, microjoules: int, price: int) -> None:
        """Count what a cut saved in a quarter hour at its price."""
        self.saved_microjoules += microjoules
        self.saved_cost += microjoules * price


def bill(periods: Sequence[Period], usages: Iterable[Usage], savings: Iterable[Saving], prices: Prices) -> list[Tally]:
    """A tally for each period; what lies outside of them is left out."""
    tallies = [Tally() for _ in periods]
    for usage in usages:
        index = index_of(usage.start_ms, periods)
        if index is not None:
            tallies[index].use(usage, prices.at(usage.start_ms))
    for saving in savings:
        for quarter_ms, microjoules in saving.quarters():
            index = index_of(quarter_ms, periods)
            if index is not None:
                tallies[index].save(microjoules, prices.at(quarter_ms))
    return tallies


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies, before any rounding."""
    summed = Tally()
    for tally in tallies:
        for each in fields(Tally):
            setattr(summed, each.name, getattr(summed, each.name) + getattr(tally, each.name))
    return summed


def side_by_side(rows: Sequence[Sequence[Tally]], periods: Sequence[Period]) -> list[Tally]:
    """The tallies of several outlets, period by period."""
    return [total(row[number] for row in rows) for number in range(len(periods))]
