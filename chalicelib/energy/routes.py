"""Routes of energy: reports by period, and what is always on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from chalice.app import Blueprint

from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Who, route
from chalicelib.core.query import moment_ms
from chalicelib.core.times import iso
from chalicelib.energy import always_on as rules
from chalicelib.energy import always_on_service as always_on
from chalicelib.energy import amounts
from chalicelib.energy import schemas as wire
from chalicelib.energy import service as energy
from chalicelib.energy.bills import Tally, total
from chalicelib.energy.calendar import Length, Period

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/energy", answers=wire.HomeEnergyAnswer, who=Who.SESSION, scope="read")
def home_energy(call: Call[None]) -> wire.HomeEnergyAnswer:
    """What all your outlets used, cost and saved, by local day, week, month or year"""
    wanted = _wanted(call.query, call.now_ms)
    report = energy.of_home(call.session, wanted, call.now_ms)
    factor = report.account.grams_co2_per_kwh
    return wire.HomeEnergyAnswer(
        **_shared(report, wanted),
        ports=[
            wire.EnergyOfPort(port_id=port.port_id, port_name=port.name, **_figures(total(tallies), factor))
            for port, tallies in report.outlets
        ],
    )


@route(blueprint, "GET", "/port/{port_id}/energy", answers=wire.EnergyAnswer, who=Who.SESSION, scope="read")
def port_energy(call: Call[None], port_id: str) -> wire.EnergyAnswer:
    """What an outlet used, cost and saved, by local day, week, month or year"""
    wanted = _wanted(call.query, call.now_ms)
    return wire.EnergyAnswer(**_shared(energy.of_port(call.session, port_id, wanted, call.now_ms), wanted))


@route(blueprint, "GET", "/always-on", answers=wire.AlwaysOnAnswer, who=Who.SESSION, scope="read")
def always_on_report(call: Call[None]) -> wire.AlwaysOnAnswer:
    """Standby by outlet, its yearly cost, the worst three and what to do; what your home draws at night"""
    report = always_on.report(call.session, call.now_ms)
    return wire.AlwaysOnAnswer(
        currency=report.account.currency,
        days=rules.DAYS,
        baseline_watts=None if report.baseline_watts is None else round(report.baseline_watts, 3),
        nights=report.nights,
        outlets=[_outlet(outlet) for outlet in report.outlets],
    )


def _outlet(outlet: rules.Outlet) -> wire.AlwaysOnOutlet:
    return wire.AlwaysOnOutlet(
        port_id=outlet.port.port_id,
        port_name=outlet.port.name,
        kind=outlet.port.kind,
        standby_watts=_watts(outlet.standby_milliwatts),
        standby_hours_a_day=round(outlet.standby_hours_a_day, 2),
        yearly_kwh=amounts.kwh(outlet.yearly_microjoules),
        yearly_cost=amounts.money(outlet.yearly_cost),
        lowest_watts=_watts(outlet.lowest_milliwatts),
        always_on=outlet.is_always_on,
        worst=outlet.is_worst,
        advice=rules.advice(outlet),
    )


def _watts(milliwatts: float | None) -> float | None:
    return None if milliwatts is None else round(milliwatts / 1_000, 3)


def _wanted(query: Mapping[str, str], now_ms: int) -> energy.Wanted:
    """Period, from and to (exclusive; now) of a query. Raises Invalid, naming the field."""
    length = query.get("period", "day")
    if length not in get_args(Length):
        raise Invalid("period is day, week, month or year.", code="invalid", field="period")
    first_ms = moment_ms(query, "from", 0) if query.get("from") else None
    end_ms = moment_ms(query, "to", now_ms)
    if first_ms is not None and first_ms > end_ms:
        raise Invalid("from lies after to.", code="invalid", field="from")
    return energy.Wanted(cast("Length", length), first_ms, max(first_ms or 0, end_ms - 1))


def _shared(report: energy.Report, wanted: energy.Wanted) -> dict[str, Any]:
    account = report.account
    factor = account.grams_co2_per_kwh
    return {
        "currency": account.currency,
        "timezone": account.timezone,
        "period": wanted.length,
        "total": wire.EnergyFigures(**_figures(total(report.tallies), factor)),
        "periods": [
            _period(period, tally, factor) for period, tally in zip(report.periods, report.tallies, strict=True)
        ],
    }


def _period(period: Period, tally: Tally, factor: float) -> wire.EnergyPeriod:
    return wire.EnergyPeriod(
        start=iso(period.start_ms), end=iso(period.end_ms), date=period.date.isoformat(), **_figures(tally, factor)
    )


def _figures(tally: Tally, grams_co2_per_kwh: float) -> dict[str, Any]:
    return {
        "kwh": amounts.kwh(tally.microjoules),
        "standby_kwh": amounts.kwh(tally.standby_microjoules),
        "cost": amounts.money(tally.cost),
        "standby_cost": amounts.money(tally.standby_cost),
        "saved_kwh": amounts.kwh(tally.saved_microjoules),
        "saved_money": amounts.money(tally.saved_cost),
        "grams_co2": amounts.grams(tally.microjoules, grams_co2_per_kwh),
        "covered_seconds": tally.covered_ms // 1_000,
    }
