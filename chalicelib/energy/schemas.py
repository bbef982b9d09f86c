"""Energy, savings and what is always on, in JSON.

kWh are rounded to six decimals, money to four, grams to three, half to even, and each figure by itself: a total is the
rounded sum, not the sum of rounded figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from chalicelib.core.schemas import Answer, Iso, Part
from chalicelib.core.times import SECOND_MS, iso, iso_or_none
from chalicelib.energy import always_on
from chalicelib.energy.bills import Tally, total
from chalicelib.energy.model import grams, kwh, money
from chalicelib.energy.periods import Length, Period
from chalicelib.energy.reports import AlwaysOnReport, Report
from chalicelib.energy.savings import EndedBy, Saving, assumption
from chalicelib.energy.service import Candidate, Ledger, WhatIf
from chalicelib.energy.tariffs import Prices

LocalDate = Annotated[str, msgspec.Meta(description="YYYY-MM-DD in the account's time zone")]
WHAT_IF_ASSUMPTION = (
    "Standby is cut after dwellSeconds, and draws nothing until the next use. The figures come from five-minute slots, "
    "and gaps save nothing. POST /port/{portId}/backtest replays the readings themselves."
)


class EnergyFigures(Part, frozen=True, kw_only=True):
    """What was used, cost, saved by cuts and emitted; coveredSeconds is the measured time, of all outlets together."""

    kwh: float
    standby_kwh: float
    cost: float
    standby_cost: float
    saved_kwh: float
    saved_money: float
    grams_co2: float
    covered_seconds: int


class EnergyPeriod(EnergyFigures, frozen=True, kw_only=True):
    """A local day, week (from Monday), month or year, from start until before end."""

    start: Iso
    end: Iso
    date: LocalDate


class EnergyOfPort(EnergyFigures, frozen=True, kw_only=True):
    port_id: str
    port_name: str


class EnergyAnswer(Answer, frozen=True, kw_only=True):
    currency: str
    timezone: str
    period: Length
    total: EnergyFigures
    periods: list[EnergyPeriod]


class HomeEnergyAnswer(EnergyAnswer, frozen=True, kw_only=True):
    ports: list[EnergyOfPort]


class SavingPart(Part, frozen=True, kw_only=True):
    """What one cut saved: standbyWatts for the seconds that count; to is null while the outlet is off."""

    event_id: str
    port_id: str
    port_name: str
    from_: Iso = msgspec.field(name="from")
    to: Iso | None
    standby_watts: float
    seconds: int
    saved_kwh: float
    saved_money: float
    ended_by: EndedBy
    assumption: str


class SavingList(Answer, frozen=True, kw_only=True):
    currency: str
    savings: list[SavingPart]
    cursor: str | None


class WhatIfPort(Part, frozen=True, kw_only=True):
    port_id: str
    port_name: str
    dwell_seconds: int
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    cuts: int


class KeepsPower(Part, frozen=True, kw_only=True):
    """An outlet that is not cut, and why; it saves nothing."""

    port_id: str
    port_name: str
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    reason: str


class WhatIfAnswer(Answer, frozen=True, kw_only=True):
    currency: str
    days: int
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    ports: list[WhatIfPort]
    keeps_power: list[KeepsPower]
    assumption: str


class AlwaysOnOutlet(Part, frozen=True, kw_only=True):
    """An outlet's standby; watts are null where there was none, or nothing was measured."""

    port_id: str
    port_name: str
    kind: str
    standby_watts: float | None
    standby_hours_a_day: float
    yearly_kwh: float
    yearly_cost: float
    lowest_watts: float | None
    always_on: bool
    worst: bool
    advice: str


class AlwaysOnAnswer(Answer, frozen=True, kw_only=True):
    """The dearest standby first; baselineWatts is null without a night that was measured whole."""

    currency: str
    days: int
    baseline_watts: float | None
    nights: int
    outlets: list[AlwaysOnOutlet]


def energy_answer(report: Report, length: Length) -> EnergyAnswer:
    """Show the report of an outlet."""
    return EnergyAnswer(**_report(report, length))


def home_energy_answer(report: Report, length: Length) -> HomeEnergyAnswer:
    """Show the report of the home, with the total of each outlet."""
    factor = report.account.grams_co2_per_kwh
    return HomeEnergyAnswer(
        **_report(report, length),
        ports=[
            EnergyOfPort(port_id=port.port_id, port_name=port.name, **_figures(total(tallies), factor))
            for port, tallies in report.outlets
        ],
    )


def _report(report: Report, length: Length) -> dict[str, Any]:
    factor = report.account.grams_co2_per_kwh
    return {
        "currency": report.account.currency,
        "timezone": report.account.timezone,
        "period": length,
        "total": EnergyFigures(**_figures(total(report.tallies), factor)),
        "periods": [
            _period(period, tally, factor) for period, tally in zip(report.periods, report.tallies, strict=True)
        ],
    }


def _period(period: Period, tally: Tally, grams_co2_per_kwh: float) -> EnergyPeriod:
    return EnergyPeriod(
        start=iso(period.start_ms),
        end=iso(period.end_ms),
        date=period.date.isoformat(),
        **_figures(tally, grams_co2_per_kwh),
    )


def _figures(tally: Tally, grams_co2_per_kwh: float) -> dict[str, Any]:
    return {
        "kwh": kwh(tally.microjoules),
        "standby_kwh": kwh(tally.standby_microjoules),
        "cost": money(tally.cost),
        "standby_cost": money(tally.standby_cost),
        "saved_kwh": kwh(tally.saved_microjoules),
        "saved_money": money(tally.saved_cost),
        "grams_co2": grams(tally.microjoules, grams_co2_per_kwh),
        "covered_seconds": tally.covered_ms // SECOND_MS,
    }


def saving_list(ledger: Ledger) -> SavingList:
    """Show a page of the ledger of cuts."""
    savings = [saving_part(saving, ledger.prices) for saving in ledger.savings]
    return SavingList(currency=ledger.account.currency, savings=savings, cursor=ledger.cursor)


def saving_part(saving: Saving, prices: Prices) -> SavingPart:
    """Show what one cut saved, valued at these prices."""
    return SavingPart(
        event_id=saving.event.event_id,
        port_id=saving.event.port_id,
        port_name=saving.event.port_name,
        from_=iso(saving.from_ms),
        to=iso_or_none(saving.to_ms),
        standby_watts=saving.milliwatts / 1_000,
        seconds=saving.counted_ms // SECOND_MS,
        saved_kwh=kwh(saving.microjoules),
        saved_money=money(saving.cost(prices)),
        ended_by=saving.ended_by,
        assumption=assumption(saving),
    )


def what_if_answer(what_if: WhatIf, days: int) -> WhatIfAnswer:
    """Show what cuts would have saved in the last days, outlet by outlet."""
    candidates = what_if.candidates
    return WhatIfAnswer(
        currency=what_if.account.currency,
        days=days,
        standby_kwh=kwh(sum(candidate.potential.standby_microjoules for candidate in candidates)),
        saved_kwh=kwh(sum(candidate.potential.saved_microjoules for candidate in candidates)),
        saved_money=money(sum(candidate.potential.saved_cost for candidate in candidates)),
        ports=_cut_outlets(candidates),
        keeps_power=_kept_outlets(candidates),
        assumption=WHAT_IF_ASSUMPTION,
    )


def _cut_outlets(candidates: Iterable[Candidate]) -> list[WhatIfPort]:
    return [
        WhatIfPort(
            port_id=candidate.port.port_id,
            port_name=candidate.port.name,
            dwell_seconds=candidate.dwell_seconds,
            standby_kwh=kwh(candidate.potential.standby_microjoules),
            saved_kwh=kwh(candidate.potential.saved_microjoules),
            saved_money=money(candidate.potential.saved_cost),
            cuts=candidate.potential.cuts,
        )
        for candidate in candidates
        if candidate.keeps_power is None
    ]


def _kept_outlets(candidates: Iterable[Candidate]) -> list[KeepsPower]:
    return [
        KeepsPower(
            port_id=candidate.port.port_id,
            port_name=candidate.port.name,
            standby_kwh=kwh(candidate.potential.standby_microjoules),
            saved_kwh=kwh(candidate.potential.saved_microjoules),
            saved_money=money(candidate.potential.saved_cost),
            reason=candidate.keeps_power,
        )
        for candidate in candidates
        if candidate.keeps_power is not None
    ]


def always_on_answer(report: AlwaysOnReport) -> AlwaysOnAnswer:
    """Show the standby of each outlet, and what the home draws at night."""
    return AlwaysOnAnswer(
        currency=report.account.currency,
        days=always_on.DAYS,
        baseline_watts=None if report.baseline_watts is None else round(report.baseline_watts, 3),
        nights=report.nights,
        outlets=[_always_on_outlet(outlet) for outlet in report.outlets],
    )


def _always_on_outlet(outlet: always_on.OutletStandby) -> AlwaysOnOutlet:
    return AlwaysOnOutlet(
        port_id=outlet.port.port_id,
        port_name=outlet.port.name,
        kind=outlet.port.kind,
        standby_watts=_watts(outlet.standby_milliwatts),
        standby_hours_a_day=round(outlet.standby_hours_a_day, 2),
        yearly_kwh=kwh(outlet.yearly_microjoules),
        yearly_cost=money(outlet.yearly_cost),
        lowest_watts=_watts(outlet.lowest_milliwatts),
        always_on=outlet.is_always_on,
        worst=outlet.is_worst,
        advice=always_on.advice(outlet),
    )


def _watts(milliwatts: float | None) -> float | None:
    return None if milliwatts is None else round(milliwatts / 1_000, 3)
