"""Savings: what cuts have saved, and what they could have saved.

A cut saves the standby watts before it, for the time that the outlet stays off.

Only cuts count that the device obeyed and that the watts did not contradict. What an appliance would have drawn days
later is unknown, so a cut counts for a day at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, SECOND_MS
from chalicelib.detection.model import PhantomEvent
from chalicelib.energy.model import Usage
from chalicelib.energy.tariffs import Prices

LIMIT_MS = DAY_MS
EndedBy = Literal["restored", "use", "limit", "open", "unknown"]
"""restored: the outlet was switched on again; use: power was drawn again; limit: a day was counted; open: still off."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What one cut saved.

    Attributes:
        event: The phantom event of the cut.
        from_ms: When the device switched off (epoch ms).
        to_ms: When the outlet came on again, None while it is off or where that is not known.
        counted_ms: The time for which it saved its standby power.
        ended_by: What ended it.
    """

    event: PhantomEvent
    from_ms: int
    to_ms: int | None
    counted_ms: int
    ended_by: EndedBy

    @property
    def milliwatts(self) -> int:
        """Mean power of the standby that led to the cut."""
        return round(self.event.detected_watts * 1_000)

    @property
    def microjoules(self) -> int:
        """The saved energy; a milliwatt for a millisecond is a microjoule."""
        return self.milliwatts * self.counted_ms

    def quarters(self) -> Iterator[tuple[int, int]]:
        """Split it by quarter hour: the start of each (epoch ms), and the microjoules saved in it."""
        at_ms, end_ms = self.from_ms, self.from_ms + self.counted_ms
        while at_ms < end_ms:
            quarter_ms = at_ms - at_ms % QUARTER_MS
            next_ms = min(quarter_ms + QUARTER_MS, end_ms)
            yield quarter_ms, self.milliwatts * (next_ms - at_ms)
            at_ms = next_ms

    def cost(self, prices: Prices) -> int:
        """Compute what the saved energy would have cost, each quarter hour at its price (see model.money)."""
        return sum(microjoules * prices.at(quarter_ms) for quarter_ms, microjoules in self.quarters())


@dataclass(frozen=True, slots=True)
class PotentialSaving:
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


def saving_of(event: PhantomEvent, now_ms: int, *, is_still_off: bool) -> Saving | None:
    """Compute what an event's cut has saved until now.

    Args:
        event: The phantom event.
        now_ms: The present (epoch ms).
        is_still_off: The relay stands as the cut left it. If not, and the event has no end, the end is unknown.

    Returns:
        The saving, None if the cut was not obeyed.
    """
    if event.obeyed_at_ms is None:
        return None
    ended_by = _ended_by(event, now_ms, is_still_off=is_still_off)
    until_ms = now_ms if event.ended_at_ms is None else event.ended_at_ms
    off_ms = min(max(until_ms - event.obeyed_at_ms, 0), LIMIT_MS)
    counted_ms = 0 if ended_by == "unknown" or event.verdict == "wrong" else off_ms
    return Saving(event, event.obeyed_at_ms, event.ended_at_ms, counted_ms, ended_by)


def _ended_by(event: PhantomEvent, now_ms: int, *, is_still_off: bool) -> EndedBy:
    if event.obeyed_at_ms is None or (event.ended_at_ms is None and not is_still_off):
        return "unknown"
    if (event.ended_at_ms or now_ms) - event.obeyed_at_ms >= LIMIT_MS:
        return "limit"
    if event.ended_at_ms is None:
        return "open"
    return "restored" if event.outcome == "undone" else "use"


def assumption(saving: Saving) -> str:
    """Explain in a sentence or two how a saving was computed."""
    if saving.event.verdict == "wrong":
        return "You marked this cut as wrong, so no saving is counted."
    if saving.ended_by == "unknown":
        return "It is not known when the power came back, so no saving is counted."
    watts, off = f"{saving.milliwatts / 1_000:.1f} W", _duration(saving.counted_ms)
    standing_ms = saving.event.detected_at_ms - saving.event.started_at_ms
    basis = f"average of the {_duration(standing_ms)} before the cut" if standing_ms else "the reading before the cut"
    sentence = f"{watts} ({basis}) for the {off} that the outlet was off."
    if saving.ended_by == "limit":
        return f"{sentence} At most {LIMIT_MS // HOUR_MS} hours of a cut are counted."
    return sentence


def _duration(length_ms: int) -> str:
    minutes = round(length_ms / MINUTE_MS)
    if minutes < 1:
        return f"{round(length_ms / SECOND_MS)} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def potential_saving(usages: Iterable[Usage], dwell_ms: int, prices: Prices) -> PotentialSaving:
    """Estimate what cuts would have saved, from rolled-up usage.

    A stretch of standby has no use, no off and no gap in it. A cut saves its energy past the dwell. The backtest
    (detection/backtest.py) is exact, but the detector takes half a second of CPU for an outlet's month: too long for a
    home in one answer (docs/decisions/0035-what-if-is-an-estimate-of-its-own.md).

    Args:
        usages: Slots in the order of time.
        dwell_ms: How long standby lasts before a cut.
        prices: The prices of the saved energy.
    """
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
    return PotentialSaving(standby, saved, cost, cuts)


def _standing(usages: Iterable[Usage]) -> Iterator[tuple[Usage, int | None]]:
    """Each usage with the time for which standby has lasted when it begins, None where it is not all standby."""
    since_ms = end_ms = None
    for usage in usages:
        if not usage.is_standby or not usage.is_fully_covered:
            since_ms = None
        elif since_ms is None or usage.start_ms != end_ms:
            since_ms = usage.start_ms
        end_ms = usage.end_ms
        yield usage, None if since_ms is None else usage.start_ms - since_ms
