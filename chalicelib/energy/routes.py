"""Routes of energy: reports by period, what is always on, savings, tariffs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from chalice.app import Blueprint

from chalicelib.accounts.service import get_account
from chalicelib.core import query as paging
from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Who, route
from chalicelib.energy import reports, schemas, service, tariff_schemas
from chalicelib.energy.periods import Length

DEFAULT_DAYS = 30
MOST_DAYS = 90

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/energy", answers=schemas.HomeEnergyAnswer, who=Who.SESSION, scope="read")
def home_energy(call: Call[None]) -> schemas.HomeEnergyAnswer:
    """What all your outlets used, cost and saved, by local day, week, month or year"""
    query = _period_query(call.query, call.now_ms)
    account = get_account(call.session)
    return schemas.home_energy_answer(reports.report_home(account, query, call.now_ms), query.length)


@route(blueprint, "GET", "/port/{port_id}/energy", answers=schemas.EnergyAnswer, who=Who.SESSION, scope="read")
def port_energy(call: Call[None], port_id: str) -> schemas.EnergyAnswer:
    """What an outlet used, cost and saved, by local day, week, month or year"""
    query = _period_query(call.query, call.now_ms)
    return schemas.energy_answer(reports.report_port(call.session, port_id, query, call.now_ms), query.length)


@route(blueprint, "GET", "/always-on", answers=schemas.AlwaysOnAnswer, who=Who.SESSION, scope="read")
def always_on_report(call: Call[None]) -> schemas.AlwaysOnAnswer:
    """Standby by outlet, its yearly cost, the worst three and what to do; what your home draws at night"""
    return schemas.always_on_answer(reports.report_always_on(call.session, call.now_ms))


@route(blueprint, "GET", "/savings", answers=schemas.SavingList, who=Who.SESSION, scope="read")
def list_savings(call: Call[None]) -> schemas.SavingList:
    """What each cut has saved, newest first"""
    ledger = service.load_ledger(
        call.session,
        paging.port_id(call.query),
        paging.span_ms(call.query),
        paging.limit(call.query),
        paging.cursor(call.query),
        call.now_ms,
    )
    return schemas.saving_list(ledger)


@route(blueprint, "GET", "/savings/what-if", answers=schemas.WhatIfAnswer, who=Who.SESSION, scope="read")
def savings_what_if(call: Call[None]) -> schemas.WhatIfAnswer:
    """What cuts would have saved in the last days if all your outlets were on cut"""
    days = paging.whole(call.query, "days", DEFAULT_DAYS, MOST_DAYS)
    return schemas.what_if_answer(service.what_if(call.session, days, call.now_ms), days)


@route(blueprint, "GET", "/account/tariffs", answers=tariff_schemas.TariffsAnswer, who=Who.SESSION)
def list_tariffs(call: Call[None]) -> tariff_schemas.TariffsAnswer:
    """Your dated tariffs; where none is valid the account's tariffPerKwh is the price"""
    return tariff_schemas.tariffs_answer(service.get_tariffs(call.session))


@route(
    blueprint,
    "PUT",
    "/account/tariffs",
    body=tariff_schemas.PutTariffs,
    answers=tariff_schemas.TariffsAnswer,
    who=Who.SESSION,
)
def replace_tariffs(call: Call[tariff_schemas.PutTariffs]) -> tariff_schemas.TariffsAnswer:
    """Replace your dated tariffs: flat, or by weekday and time of day"""
    tariffs = tariff_schemas.tariffs_of(call.body)
    service.replace_tariffs(call.session, tariffs)
    return tariff_schemas.tariffs_answer(tariffs)


def _period_query(query: Mapping[str, str], now_ms: int) -> reports.PeriodQuery:
    """Period, from and to (exclusive; now) of a query. Raises Invalid, naming the field."""
    length = query.get("period", "day")
    if length not in get_args(Length):
        raise Invalid("period is day, week, month or year.", code="invalid", field="period")
    first_ms = paging.moment_ms(query, "from", 0) if query.get("from") else None
    end_ms = paging.moment_ms(query, "to", now_ms)
    if first_ms is not None and first_ms > end_ms:
        raise Invalid("from lies after to.", code="invalid", field="from")
    return reports.PeriodQuery(cast("Length", length), first_ms, max(first_ms or 0, end_ms - 1))
