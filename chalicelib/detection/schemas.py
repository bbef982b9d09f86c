"""The detector's explanation, backtests and phantom events in JSON, both ways."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.schemas import Answer, DwellSeconds, Iso, Part, Request
from chalicelib.core.times import iso, iso_or_none
from chalicelib.detection.backtest import Cut
from chalicelib.detection.backtest_service import BacktestPage
from chalicelib.detection.explain import Explanation, Source
from chalicelib.detection.model import Action, Advice, FeedbackVerdict, PhantomEvent
from chalicelib.ports.model import Policy
from chalicelib.ports.schemas import Kind, ThresholdWatts


class HistogramBar(Part, frozen=True, kw_only=True):
    """Minutes spent between two powers."""

    from_watts: float
    to_watts: float
    minutes: int


class DetectorAnswer(Answer, frozen=True, kw_only=True):
    """Why the detector decides as it does for a port.

    source says where the threshold comes from: given, learned, kind, default or none (always on so far).
    readingsApartSeconds says how far apart readings come where that is too far for standby to be found: over 120 s, and
    they do not say how long they held (null otherwise).
    """

    port_id: str
    threshold_watts: float | None
    source: Source
    standby_watts: float | None
    gap_to_watts: float | None
    histogram: list[HistogramBar]
    observed_minutes: int
    idle_runs: int
    typical_idle_minutes: float
    dwell_seconds: int
    readings_apart_seconds: int | None
    advice: Advice
    waits_for: str


class RunBacktest(Request, frozen=True):
    """How many days back, and any change of the rule; without a policy it is replayed as if it might cut."""

    days: Annotated[int, msgspec.Meta(ge=1, le=400)]
    policy: Policy | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    threshold_watts: ThresholdWatts | UnsetType | None = UNSET
    dwell_seconds: DwellSeconds | UnsetType | None = UNSET
    never_cut: bool | UnsetType = UNSET
    cursor: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)] | None = None


class BacktestCut(Part, frozen=True, kw_only=True):
    """A cut that would have been made; restoredAt is when use would have ended it (null: it still stands)."""

    at: Iso
    watts: float
    reason: str
    restored_at: Iso | None
    saved_watt_hours: float
    wrong: bool


class BacktestAnswer(Answer, frozen=True, kw_only=True):
    """One page: sum the pages for the whole. readUntil says how far it got; cursor goes on, null at the end."""

    port_id: str
    cuts: list[BacktestCut]
    saved_watt_hours: float
    wrong_cuts: int
    readings: int
    read_until: Iso | None
    cursor: str | None


class PhantomEventPart(Part, frozen=True, kw_only=True):
    """A stretch of standby and what was done.

    outcome: none yet (null), sent, obeyed, confirmed (the watts fell), contradicted (the watts stayed),
    refused (the Pi saw the appliance in use, or the command was stale), undone (by the person).
    """

    event_id: str
    port_id: str
    port_name: str
    device_id: str
    detected_power: float
    detected_at: Iso
    started_at: Iso
    action_taken: Action
    reason: str
    outcome: str | None
    ended_at: Iso | None
    verdict: FeedbackVerdict | None


class PhantomEventList(Answer, frozen=True, kw_only=True):
    events: list[PhantomEventPart]
    cursor: str | None


class PhantomEventAnswer(Answer, frozen=True, kw_only=True):
    event: PhantomEventPart


class Feedback(Request, frozen=True):
    verdict: FeedbackVerdict


def detector_answer(port_id: str, explanation: Explanation) -> DetectorAnswer:
    """Why the detector decides as it does."""
    return DetectorAnswer(
        port_id=port_id,
        threshold_watts=explanation.threshold_watts,
        source=explanation.source,
        standby_watts=explanation.standby_watts,
        gap_to_watts=explanation.gap_to_watts,
        histogram=[
            HistogramBar(from_watts=bar.from_watts, to_watts=bar.to_watts, minutes=bar.minutes)
            for bar in explanation.histogram
        ],
        observed_minutes=explanation.observed_minutes,
        idle_runs=explanation.idle_runs,
        typical_idle_minutes=explanation.typical_idle_minutes,
        dwell_seconds=explanation.dwell_seconds,
        readings_apart_seconds=explanation.readings_apart_seconds,
        advice=explanation.advice,
        waits_for=explanation.waits_for,
    )


def backtest_answer(port_id: str, page: BacktestPage) -> BacktestAnswer:
    """A page of a backtest."""
    return BacktestAnswer(
        port_id=port_id,
        cuts=[_backtest_cut(cut) for cut in page.cuts],
        saved_watt_hours=round(sum(cut.saved_joules for cut in page.cuts) / 3_600, 3),
        wrong_cuts=sum(cut.wrong for cut in page.cuts),
        readings=page.readings,
        read_until=iso_or_none(page.read_until_ms),
        cursor=page.cursor,
    )


def _backtest_cut(cut: Cut) -> BacktestCut:
    return BacktestCut(
        at=iso(cut.at_ms),
        watts=round(cut.watts, 3),
        reason=cut.reason,
        restored_at=iso_or_none(cut.restored_at_ms),
        saved_watt_hours=round(cut.saved_joules / 3_600, 3),
        wrong=cut.wrong,
    )


def phantom_event_part(event: PhantomEvent) -> PhantomEventPart:
    """A stretch of standby and what was done."""
    return PhantomEventPart(
        event_id=event.event_id,
        port_id=event.port_id,
        port_name=event.port_name,
        device_id=event.device_id,
        detected_power=round(event.detected_watts, 3),
        detected_at=iso(event.detected_at_ms),
        started_at=iso(event.started_at_ms),
        action_taken=event.action,
        reason=event.reason,
        outcome=event.outcome,
        ended_at=iso_or_none(event.ended_at_ms),
        verdict=event.verdict,
    )
