"""Bills: energy, cost and savings by period, each quarter hour at the price of its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from chalicelib.energy.model import Usage
from chalicelib.energy.periods import Period, index_of
from chalicelib.energy.savings import Saving
from chalicelib.energy.tariffs import Prices


@dataclass(slots=True)
class Tally:
    """Sums of a period: whole microjoules, and costs as microjoules times millionths per kWh (see model.money)."""

    microjoules: int = 0
    standby_microjoules: int = 0
    cost: int = 0
    standby_cost: int = 0
    saved_microjoules: int = 0
    saved_cost: int = 0
    covered_ms: int = 0

    def add_usage(self, usage: Usage, price: int) -> None:
        """Add the usage of a quarter hour or less at its price."""
        self.microjoules += usage.microjoules
        self.standby_microjoules += usage.standby_microjoules
        self.cost += usage.microjoules * price
        self.standby_cost += usage.standby_microjoules * price
        self.covered_ms += usage.covered_ms

    def add_saving(self, microjoules: int, price: int) -> None:
        """Add the energy that a cut saved in a quarter hour at its price."""
        self.saved_microjoules += microjoules
        self.saved_cost += microjoules * price


def bill(periods: Sequence[Period], usages: Iterable[Usage], savings: Iterable[Saving], prices: Prices) -> list[Tally]:
    """Sum up usages and savings by period; those outside of all periods are left out."""
    tallies = [Tally() for _ in periods]
    for usage in usages:
        index = index_of(usage.start_ms, periods)
        if index is not None:
            tallies[index].add_usage(usage, prices.at(usage.start_ms))
    for saving in savings:
        for quarter_ms, microjoules in saving.quarters():
            index = index_of(quarter_ms, periods)
            if index is not None:
                tallies[index].add_saving(microjoules, prices.at(quarter_ms))
    return tallies


def total(tallies: Iterable[Tally]) -> Tally:
    """Add up tallies, before any rounding."""
    summed = Tally()
    for tally in tallies:
        for column in fields(Tally):
            setattr(summed, column.name, getattr(summed, column.name) + getattr(tally, column.name))
    return summed


def add_by_period(rows: Sequence[Sequence[Tally]], periods: Sequence[Period]) -> list[Tally]:
    """Add up the tallies of several outlets (one row each), period by period."""
    return [total(row[number] for row in rows) for number in range(len(periods))]
