"""Routes of detection: the explanation of a decision, backtests, phantom events and feedback on them."""

from __future__ import annotations

from dataclasses import replace

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.core.concurrency import Slots
from chalicelib.core.http import route
from chalicelib.core.schemas import PortPageQuery
from chalicelib.detection import phantom_event_service, schemas
from chalicelib.detection.backtest_service import run_backtest_page
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.store import load_port_state
from chalicelib.ports.service import get_owned_port

blueprint = Blueprint(__name__)
BACKTESTS = Slots(in_all=3, per_person=2, retry_after_seconds=2)
"""A page of one is seconds of a CPU, which on a PC all other calls need too."""


@route(blueprint, "GET", "/port/{port_id}/detector", answers=schemas.DetectorAnswer, who=SESSION, scope="read")
def explain_detector(call: SessionCall[None], port_id: str) -> schemas.DetectorAnswer:
    """Explain a decision of the detector

    Answers why the detector decides as it does for an outlet.
    """
    port = get_owned_port(call.owner_id, port_id)
    return schemas.detector_answer(port_id, explain_decision(load_port_state(port).detector, port.rule))


@route(
    blueprint,
    "POST",
    "/port/{port_id}/backtest",
    body=schemas.RunBacktest,
    answers=schemas.BacktestAnswer,
    who=SESSION,
)
def run_backtest(call: SessionCall[schemas.RunBacktest], port_id: str) -> schemas.BacktestAnswer:
    """Run a backtest

    Answers what another rule would have cut in the past, what that would have saved, and which cuts would have been
    wrong. Nothing is written.
    """
    port = get_owned_port(call.owner_id, port_id)
    changes = call.body.given()
    days, cursor = changes.pop("days"), changes.pop("cursor")
    with BACKTESTS.taken(call.owner_id):
        page = run_backtest_page(port, replace(port.rule.unjudged(), **changes), days, cursor, call.now_ms)
    return schemas.backtest_answer(port_id, page)


@route(
    blueprint,
    "GET",
    "/phantom-event/list",
    query=PortPageQuery,
    answers=schemas.PhantomEventList,
    who=SESSION,
    scope="read",
)
def list_phantom_events(call: SessionCall[None], query: PortPageQuery) -> schemas.PhantomEventList:
    """List phantom events

    Answers stretches of standby and what was done about them, newest first.
    """
    events, cursor = phantom_event_service.list_phantom_events(call.owner_id, query.port_id, query.limit, query.cursor)
    return schemas.PhantomEventList(events=[schemas.phantom_event_part(event) for event in events], cursor=cursor)


@route(
    blueprint,
    "POST",
    "/phantom-event/{event_id}/feedback",
    body=schemas.Feedback,
    answers=schemas.PhantomEventAnswer,
    who=SESSION,
    scope="control",
)
def judge_phantom_event(call: SessionCall[schemas.Feedback], event_id: str) -> schemas.PhantomEventAnswer:
    """Give feedback on a phantom event

    Says whether it was right. Wrong teaches the detector, and switches the outlet on again.
    """
    event = phantom_event_service.give_feedback(call.owner_id, event_id, call.body.verdict, call.now_ms)
    return schemas.PhantomEventAnswer(event=schemas.phantom_event_part(event))
