"""Explain to its owner how the detector sees a port and what stands between it and a cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.detection import dwell, histogram, learned_rule
from chalicelib.detection.detector import is_left_alone, standby_threshold_watts
from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.minute_windows import MAX_GAP_MS
from chalicelib.detection.model import Advice, Status, duration_text, phantom_status
from chalicelib.ports.kinds import kind_of
from chalicelib.ports.model import RIGHT_PER_WRONG, Rule

Source = Literal["given", "learned", "kind", "default", "none"]
STATUS_SENTENCES: dict[Status, str] = {
    "off": "the outlet is off",
    "standby": "standby has just begun",
    "active": "the appliance is in use",
}
"""What an outlet does while no stretch of standby is under way, by its newest reading."""


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """Minutes spent between two powers in watts."""

    from_watts: float
    to_watts: float
    minutes: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the detector decides about one port.

    Attributes:
        threshold_watts: Standby lies below this; None while it is not known.
        source: Where the threshold comes from.
        standby_watts, gap_to_watts: The learned gap between standby and use; None while it is not learned.
        histogram: Minutes by power; empty bins are left out.
        observed_minutes: The sum of the histogram.
        idle_runs: How many runs of idle time were seen.
        typical_idle_minutes: The length of the run in which a typical idle minute lies.
        dwell_seconds: How long standby must last before it counts.
        readings_apart_seconds: How far apart readings come where that is too far, and they do not say how long they
            held; else None.
        advice: The most that the detector may do.
        waits_for: One sentence for the owner: the first thing that stands between this port and a cut.
    """

    threshold_watts: float | None
    source: Source
    standby_watts: float | None
    gap_to_watts: float | None
    histogram: list[HistogramBin]
    observed_minutes: int
    idle_runs: int
    typical_idle_minutes: float
    dwell_seconds: int
    readings_apart_seconds: int | None
    advice: Advice
    waits_for: str


def explain_decision(state: State, rule: Rule) -> Explanation:
    """Explain what the detector does with a port in this state, under this rule."""
    learned_gap = state.threshold_watts > 0
    return Explanation(
        threshold_watts=standby_threshold_watts(state, rule),
        source=_source(state, rule),
        standby_watts=state.standby_watts if learned_gap else None,
        gap_to_watts=state.use_watts if learned_gap else None,
        histogram=_histogram(state),
        observed_minutes=sum(state.watt_minutes),
        idle_runs=sum(state.idle_runs),
        typical_idle_minutes=dwell.typical_minutes(state.idle_runs, learned_rule.idle_minutes(state)),
        dwell_seconds=_dwell_seconds(state, rule),
        readings_apart_seconds=_too_far_apart_seconds(state),
        advice="notify" if _only_tells(rule) else "cut",
        waits_for=_waits_for(state, rule),
    )


def _source(state: State, rule: Rule) -> Source:
    if rule.threshold_watts is not None:
        return "given"
    if state.threshold_watts:
        return "learned"
    if learned_rule.kind_watts(state, rule) is not None:
        return "kind"
    return "default" if rule.is_fixed else "none"


def _histogram(state: State) -> list[HistogramBin]:
    edges = [0.0, *(histogram.lower_edge(index) for index in range(1, histogram.BINS + 1))]
    bins = zip(edges, edges[1:], state.watt_minutes, strict=False)
    return [HistogramBin(start, end, minutes) for start, end, minutes in bins if minutes]


def _dwell_seconds(state: State, rule: Rule) -> int:
    if rule.is_fixed:
        return rule.dwell_ms // 1_000
    return learned_rule.dwell_ms(state, rule) // 1_000


def _too_far_apart_seconds(state: State) -> int | None:
    return round(state.pace_ms / 1_000) if state.pace_ms > MAX_GAP_MS else None


def _only_tells(rule: Rule) -> bool:
    return rule.is_protected or (not rule.is_fixed and rule.has_lost_trust)


def _waits_for(state: State, rule: Rule) -> str:
    """The first thing that stands between this port and a cut."""
    threshold = standby_threshold_watts(state, rule)
    if rule.is_protected:
        return _protection(rule)
    apart_seconds = _too_far_apart_seconds(state)
    if apart_seconds is not None and _dwell_seconds(state, rule):
        longest = MAX_GAP_MS // 1_000
        return f"Readings come {apart_seconds} s apart. They must come within {longest} s, or say how long they held."
    if threshold is None:
        return "Always on so far: the power never dropped to a clear standby level."
    return _waits_for_trust(state, rule) or _waits_for_dwell(state, rule, threshold)


def _waits_for_trust(state: State, rule: Rule) -> str | None:
    if _only_tells(rule):
        missing = rule.false_cuts * RIGHT_PER_WRONG - rule.uses_confirmed
        return f"A cut was wrong, so Ghostwatt only notifies you; {missing} right cuts make up for it."
    if is_left_alone(state, rule):
        return "A person switched the outlet on, so it stays on until the appliance has been used, or for a day."
    if not rule.is_fixed and not learned_rule.is_trusted(state, rule):
        longest = dwell.THERMOSTAT_MINUTES
        return f"It has not been idle for {longest} min at a time yet: shorter pauses may be those of a thermostat."
    return None


def _protection(rule: Rule) -> str:
    if kind_of(rule.kind).never_cut:
        return f"Outlets of the kind {rule.kind} are never cut."
    return "This outlet is marked never-cut."


def _waits_for_dwell(state: State, rule: Rule, threshold: float) -> str:
    condition = f"Waiting for standby below {threshold:.3g} W for {duration_text(_dwell_seconds(state, rule) * 1_000)}"
    since_ms = state.fixed_since_ms if rule.is_fixed else state.standby_since_ms
    status = phantom_status(state.last_watts, threshold)
    if state.watermark_ms == NEVER:
        return f"{condition}; there is no reading yet."
    stands = since_ms != NEVER and status != "off"
    if stands and since_ms == state.found_since_ms:
        return "This standby has been found."
    if stands and since_ms < state.watermark_ms:
        return f"{condition}; it has lasted for {duration_text(state.watermark_ms - since_ms)}."
    return f"{condition}; {STATUS_SENTENCES[status]}."
