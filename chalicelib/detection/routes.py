"""Routes of the detector: why it decides so, and what another rule would have done."""

from __future__ import annotations

from dataclasses import replace

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.core import views
from chalicelib.core.concurrency import Slots
from chalicelib.core.http import route
from chalicelib.detection import backtest_service as backtests
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.store import load_port_state
from chalicelib.ports import schemas as wire
from chalicelib.ports import service as ports

blueprint = Blueprint(__name__)
BACKTESTS = Slots(in_all=3, per_person=2, retry_after_seconds=2)
"""A page of one is seconds of a CPU, which on a PC all other calls need too."""


@route(blueprint, "GET", "/port/{port_id}/detector", answers=wire.DetectorAnswer, who=SESSION, scope="read")
def explain_detector(call: SessionCall[None], port_id: str) -> wire.DetectorAnswer:
    """Explain a decision of the detector

    Answers why the detector decides as it does for an outlet.
    """
    port = ports.own(call.owner_id, port_id)
    return views.explanation(port_id, explain_decision(load_port_state(port).detector, port.rule))


@route(
    blueprint,
    "POST",
    "/port/{port_id}/backtest",
    body=wire.RunBacktest,
    answers=wire.BacktestAnswer,
    who=SESSION,
)
def run_backtest(call: SessionCall[wire.RunBacktest], port_id: str) -> wire.BacktestAnswer:
    """Run a backtest

    Answers what another rule would have cut in the past, what that would have saved, and which cuts would have been
    wrong. Nothing is written.
    """
    port = ports.own(call.owner_id, port_id)
    changes = call.body.given()
    days, cursor = changes.pop("days"), changes.pop("cursor")
    with BACKTESTS.taken(call.owner_id):
        page = backtests.run(port, replace(port.rule.unjudged(), **changes), days, cursor, call.now_ms)
    return views.backtest(port_id, page.cuts, page.readings, page.read_until_ms, page.cursor)
