"""Always on: the standby of each outlet over some days, and what the home draws at night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from chalicelib.core.local_time import local
from chalicelib.core.times import DAY_MS, HOUR_MS, QUARTER_MS
from chalicelib.energy.model import Usage
from chalicelib.energy.periods import Period
from chalicelib.energy.tariffs import Prices
from chalicelib.ports.model import Port

DAYS = 7
"""A week holds work days and a weekend."""
YEAR_MS = 365 * DAY_MS
MIN_COVERED_MS = DAY_MS
"""An outlet that was measured for less than a day is never called always on."""
OFF_MILLIWATTS = 500
"""The noise of meters: an outlet that is off may read half a watt."""
NIGHT_HOURS = 5
"""From midnight to five in the morning."""
WORST = 3


@dataclass(frozen=True, slots=True)
class OutletStandby:
    """An outlet's standby over the last days.

    Attributes:
        port: The outlet.
        standby_milliwatts: Mean power while in standby, None without any.
        standby_ms: Time in standby.
        covered_ms: Measured time.
        yearly_microjoules: The standby energy of a year like these days.
        yearly_cost: Its cost (see model.money).
        lowest_milliwatts: The lowest reading, None without a reading.
        is_always_on: It was never off.
        is_worst: It is one of the WORST with the highest cost.
    """

    port: Port
    standby_milliwatts: float | None
    standby_ms: int
    covered_ms: int
    yearly_microjoules: int
    yearly_cost: int
    lowest_milliwatts: int | None
    is_always_on: bool
    is_worst: bool = False

    @property
    def standby_hours_a_day(self) -> float:
        """Mean standby time of a measured day."""
        return 24 * self.standby_ms / self.covered_ms if self.covered_ms else 0.0


def outlet_standby(port: Port, usages: Sequence[Usage], prices: Prices) -> OutletStandby:
    """Sum up an outlet's usages of some days."""
    plain = [usage for usage in usages if usage.is_standby and not usage.counted_ms]
    standby_ms, covered_ms = sum(usage.covered_ms for usage in plain), sum(usage.covered_ms for usage in usages)
    lowest = min((usage.min_milliwatts for usage in usages if usage.min_milliwatts is not None), default=None)
    cost = sum(usage.standby_microjoules * prices.at(usage.start_ms) for usage in usages)
    known_ms = sum(usage.known_ms for usage in usages)
    return OutletStandby(
        port=port,
        standby_milliwatts=sum(usage.standby_microjoules for usage in plain) / standby_ms if standby_ms else None,
        standby_ms=standby_ms,
        covered_ms=covered_ms,
        yearly_microjoules=_yearly(sum(usage.standby_microjoules for usage in usages), known_ms),
        yearly_cost=_yearly(cost, known_ms),
        lowest_milliwatts=lowest,
        is_always_on=covered_ms >= MIN_COVERED_MS and lowest is not None and lowest >= OFF_MILLIWATTS,
    )


def _yearly(amount: int, known_ms: int) -> int:
    return amount * YEAR_MS // known_ms if known_ms else 0


def advice(outlet: OutletStandby) -> str:
    """Advise in one sentence what to do about an outlet's standby."""
    port = outlet.port
    if port.rule.is_protected:
        return "It must keep its power; look for an eco mode, or choose a thriftier model when you replace it."
    if outlet.yearly_microjoules == 0:
        return _without_standby(outlet)
    if port.policy == "cut":
        return "Nothing to do: it is cut after its standby has lasted long enough."
    if outlet.is_always_on and not outlet.standby_ms:
        return "Check whether it must run all day; if not, switch it off at the outlet."
    return _ADVICE.get(port.kind, "Set its policy to cut if it can lose power without harm.")


def _without_standby(outlet: OutletStandby) -> str:
    if outlet.is_always_on:
        return "Its power never drops to a standby level: check whether it must run all day, and set its kind."
    return "Nothing to do: no standby was seen."


_ADVICE = {
    "computer": "Shut it down instead of letting it sleep, then set its policy to cut.",
    "console": "Turn off its instant-on mode, then set its policy to cut; updates wait until it is on again.",
    "printer": "Set its policy to cut; switch it on only to print, as some printers clean their heads at each start.",
    "recorder": "Set its policy to cut only if it never records while nobody watches.",
    "charger": "Unplug it when nothing charges, or set its policy to cut.",
    "inkjet printer": "Set its policy to cut; the cut waits for four idle hours, as heads are cleaned at each start.",
    "oled television": "Set its policy to cut; the cut waits for two idle hours, in which it refreshes its panel.",
    "set-top box": "Set its policy to cut only if it never records or updates while nobody watches.",
    "washing machine": "Set its policy to cut; the cut waits until a programme has ended.",
    "washer-dryer": "Set its policy to cut; the cut waits until a programme has ended.",
    "dishwasher": "Set its policy to cut; the cut waits until a programme has ended.",
    "dryer": "Set its policy to cut; the cut waits until a programme has ended.",
}


def rank_by_cost(outlets: Iterable[OutletStandby]) -> list[OutletStandby]:
    """Sort outlets by yearly cost, the highest first, and mark the worst."""
    ranked = sorted(outlets, key=lambda outlet: (-outlet.yearly_cost, -outlet.yearly_microjoules, outlet.port.port_id))
    return [
        replace(outlet, is_worst=rank < WORST and outlet.yearly_microjoules > 0) for rank, outlet in enumerate(ranked)
    ]


def night_quarters(days: Iterable[Period], prices: Prices) -> list[list[int]]:
    """List, for each local day, the starts of the quarter hours between midnight and NIGHT_HOURS (epoch ms)."""
    return [
        [
            at_ms
            for at_ms in range(day.start_ms, day.start_ms + 2 * NIGHT_HOURS * HOUR_MS, QUARTER_MS)
            if local(at_ms, prices.zone).date() == day.date and local(at_ms, prices.zone).hour < NIGHT_HOURS
        ]
        for day in days
    ]


def baseline_watts(
    nights: Iterable[Sequence[int]], quarters: Mapping[str, Iterable[Usage]]
) -> tuple[float | None, int]:
    """Compute what the home draws all the time: the lowest quarter hour of each night, median over the nights.

    Args:
        nights: The quarter hours of each night (epoch ms).
        quarters: The usages of each outlet by quarter hour. A night in which an outlet was not measured is left out.

    Returns:
        The watts, None without a night, and the number of nights.
    """
    sums: dict[int, int] = defaultdict(int)
    measured: dict[int, int] = defaultdict(int)
    for usages in quarters.values():
        for usage in usages:
            sums[usage.start_ms] += usage.microjoules
            measured[usage.start_ms] += usage.is_fully_covered
    full = [night for night in nights if all(measured[at_ms] == len(quarters) for at_ms in night)] if quarters else []
    lowest = [min(sums[at_ms] for at_ms in night) for night in full]
    return (median(lowest) / QUARTER_MS / 1_000 if lowest else None), len(lowest)
