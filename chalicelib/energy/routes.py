"""Routes of energy: reports by period, what is always on, savings, tariffs."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core.http import route
from chalicelib.core.schemas import check_span
from chalicelib.energy import reports, schemas, service, tariff_schemas
from chalicelib.energy.queries import EnergyQuery, SavingsQuery, WhatIfQuery

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/energy", query=EnergyQuery, answers=schemas.HomeEnergyAnswer, who=SESSION, scope="read")
def home_energy(call: SessionCall[None], query: EnergyQuery) -> schemas.HomeEnergyAnswer:
    """Get the energy report of the home

    Answers what all your outlets used, cost and saved, by local day, week, month or year.
    """
    periods = _periods(query, call.now_ms)
    account = get_account(call.session)
    return schemas.home_energy_answer(reports.report_home(account, periods, call.now_ms), periods.length)


@route(
    blueprint,
    "GET",
    "/port/{port_id}/energy",
    query=EnergyQuery,
    answers=schemas.EnergyAnswer,
    who=SESSION,
    scope="read",
)
def port_energy(call: SessionCall[None], port_id: str, query: EnergyQuery) -> schemas.EnergyAnswer:
    """Get the energy report of an outlet

    Answers what the outlet used, cost and saved, by local day, week, month or year.
    """
    periods = _periods(query, call.now_ms)
    return schemas.energy_answer(reports.report_port(call.session, port_id, periods, call.now_ms), periods.length)


@route(blueprint, "GET", "/always-on", answers=schemas.AlwaysOnAnswer, who=SESSION, scope="read")
def always_on_report(call: SessionCall[None]) -> schemas.AlwaysOnAnswer:
    """Get the always-on report

    Answers the standby of each outlet, its yearly cost, the worst three and advice, and what your home draws at night.
    """
    return schemas.always_on_answer(reports.report_always_on(call.session, call.now_ms))


@route(blueprint, "GET", "/savings", query=SavingsQuery, answers=schemas.SavingList, who=SESSION, scope="read")
def list_savings(call: SessionCall[None], query: SavingsQuery) -> schemas.SavingList:
    """List savings

    Answers what each cut has saved, newest first.
    """
    ledger = service.load_ledger(call.session, query.port_id, query.span_ms, query.limit, query.cursor, call.now_ms)
    return schemas.saving_list(ledger)


@route(blueprint, "GET", "/savings/what-if", query=WhatIfQuery, answers=schemas.WhatIfAnswer, who=SESSION, scope="read")
def savings_what_if(call: SessionCall[None], query: WhatIfQuery) -> schemas.WhatIfAnswer:
    """Estimate savings

    Answers what cuts would have saved in the last days if all your outlets had the policy cut.
    """
    return schemas.what_if_answer(service.what_if(call.session, query.days, call.now_ms), query.days)


@route(blueprint, "GET", "/account/tariffs", answers=tariff_schemas.TariffsAnswer, who=SESSION)
def list_tariffs(call: SessionCall[None]) -> tariff_schemas.TariffsAnswer:
    """List tariffs

    Answers your dated tariffs. Where none is valid, the account's tariffPerKwh is the price.
    """
    return tariff_schemas.tariffs_answer(service.get_tariffs(call.session))


@route(
    blueprint,
    "PUT",
    "/account/tariffs",
    body=tariff_schemas.PutTariffs,
    answers=tariff_schemas.TariffsAnswer,
    who=SESSION,
)
def replace_tariffs(call: SessionCall[tariff_schemas.PutTariffs]) -> tariff_schemas.TariffsAnswer:
    """Replace tariffs

    Replaces all dated tariffs: flat, or by weekday and time of day.
    """
    tariffs = tariff_schemas.tariffs_of(call.body)
    service.replace_tariffs(call.session, tariffs)
    return tariff_schemas.tariffs_answer(tariffs)


def _periods(query: EnergyQuery, now_ms: int) -> reports.PeriodQuery:
    """Read the periods of a query; to is exclusive, and now if it is left out."""
    first_ms, end_ms = query.first_ms(), query.end_ms(now_ms)
    check_span(first_ms or 0, end_ms)
    return reports.PeriodQuery(query.period, first_ms, max(first_ms or 0, end_ms - 1))
