"""Routes of savings: the ledger of cuts, and what if all outlets were on cut."""

from __future__ import annotations

from collections.abc import Iterable

from chalice.app import Blueprint

from chalicelib.core import query as paging
from chalicelib.core.http import Call, Who, route
from chalicelib.energy import amounts
from chalicelib.energy import savings_service as savings
from chalicelib.energy import schemas as wire
from chalicelib.energy.serializers import saving as saving_view

DEFAULT_DAYS = 30
MOST_DAYS = 90
WHAT_IF_ASSUMPTION = (
    "What was drawn in standby would not have been drawn once it had lasted for dwellSeconds, until the next use; "
    "five minutes at a time, and nothing across a gap. POST /port/{portId}/backtest replays the readings themselves."
)

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/savings", answers=wire.SavingList, who=Who.SESSION, scope="read")
def list_savings(call: Call[None]) -> wire.SavingList:
    """What each cut has saved, newest first"""
    ledger = savings.ledger(
        call.session,
        paging.port_id(call.query),
        paging.span_ms(call.query),
        paging.limit(call.query),
        paging.cursor(call.query),
        call.now_ms,
    )
    shown = [saving_view(saving, ledger.prices) for saving in ledger.savings]
    return wire.SavingList(currency=ledger.account.currency, savings=shown, cursor=ledger.cursor)


@route(blueprint, "GET", "/savings/what-if", answers=wire.WhatIfAnswer, who=Who.SESSION, scope="read")
def savings_what_if(call: Call[None]) -> wire.WhatIfAnswer:
    """What cuts would have saved in the last days if all your outlets were on cut"""
    days = paging.whole(call.query, "days", DEFAULT_DAYS, MOST_DAYS)
    found = savings.what_if(call.session, days, call.now_ms)
    return wire.WhatIfAnswer(
        currency=found.account.currency,
        days=days,
        standby_kwh=amounts.kwh(sum(each.potential.standby_microjoules for each in found.candidates)),
        saved_kwh=amounts.kwh(sum(each.potential.saved_microjoules for each in found.candidates)),
        saved_money=amounts.money(sum(each.potential.saved_cost for each in found.candidates)),
        ports=_cut(found.candidates),
        keeps_power=_kept(found.candidates),
        assumption=WHAT_IF_ASSUMPTION,
    )


def _cut(candidates: Iterable[savings.Candidate]) -> list[wire.WhatIfPort]:
    return [
        wire.WhatIfPort(
            port_id=each.port.port_id,
            port_name=each.port.name,
            dwell_seconds=each.dwell_seconds,
            standby_kwh=amounts.kwh(each.potential.standby_microjoules),
            saved_kwh=amounts.kwh(each.potential.saved_microjoules),
            saved_money=amounts.money(each.potential.saved_cost),
            cuts=each.potential.cuts,
        )
        for each in candidates
        if each.keeps_power is None
    ]


def _kept(candidates: Iterable[savings.Candidate]) -> list[wire.KeepsPower]:
    return [
        wire.KeepsPower(
            port_id=each.port.port_id,
            port_name=each.port.name,
            standby_kwh=amounts.kwh(each.potential.standby_microjoules),
            saved_kwh=amounts.kwh(each.potential.saved_microjoules),
            saved_money=amounts.money(each.potential.saved_cost),
            reason=each.keeps_power,
        )
        for each in candidates
        if each.keeps_power is not None
    ]
