"""What the detector knows of a port and what it waits for, to be shown to its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.detection import dwell, histogram, learned_rule
from chalicelib.detection.detector import is_left_alone, standby_threshold_watts
from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.model import Advice, Status, duration_text, phantom_status
from chalicelib.ports.kinds import kind_of
from chalicelib.ports.model import RIGHT_PER_WRONG, Rule

Source = Literal["given", "learned", "kind", "default", "none"]
NO_STRETCH_WORDS: dict[Status, str] = {
    "off": "it is off",
    "standby": "that has just begun",
    "active": "it is in use now",
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
    """Why the detector decides as it does.

    threshold_watts and where it comes from (given, learned, kind, default, none); the gap from standby_watts to
    gap_to_watts; histogram of minutes, empty bins left out; idle_runs seen and the minutes of the run in which a
    typical idle minute lies; the dwell asked for; the most that trust allows; waits_for in one sentence.
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
    advice: Advice
    waits_for: str


def explain_decision(state: State, rule: Rule) -> Explanation:
    """What the state knows of the port under this rule."""
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


def _only_tells(rule: Rule) -> bool:
    return rule.is_protected or (not rule.is_fixed and rule.has_lost_trust)


def _waits_for(state: State, rule: Rule) -> str:
    """The first thing that stands between this port and a cut."""
    threshold = standby_threshold_watts(state, rule)
    if rule.is_protected:
        return _keeps_power(rule)
    if threshold is None:
        return "Always on so far: no standby has been seen that is apart from use."
    if _only_tells(rule):
        wanted = rule.false_cuts * RIGHT_PER_WRONG - rule.uses_confirmed
        return f"It only tells since a cut was wrong: {wanted} right ones would make up for it."
    if is_left_alone(state, rule):
        return "The appliance to be used again, or a day to pass, since a person switched the outlet on."
    if not rule.is_fixed and not learned_rule.is_trusted(state, rule):
        longest = dwell.THERMOSTAT_MINUTES
        return f"Idle time in runs of {longest} min or more: shorter ones may be the pauses of a thermostat."
    return _waits_for_dwell(state, rule, threshold)


def _keeps_power(rule: Rule) -> str:
    if kind_of(rule.kind).never_cut:
        return f"It keeps its power: what is of its kind ({rule.kind}) is never cut."
    return "It keeps its power: it is set never to be cut."


def _waits_for_dwell(state: State, rule: Rule, threshold: float) -> str:
    wanted = f"Standby below {threshold:.3g} W for {duration_text(_dwell_seconds(state, rule) * 1_000)}"
    since_ms = state.fixed_since_ms if rule.is_fixed else state.standby_since_ms
    doing = phantom_status(state.last_watts, threshold)
    if state.watermark_ms == NEVER:
        return f"{wanted}; nothing has been measured yet."
    stands = since_ms != NEVER and doing != "off"
    if stands and since_ms == state.found_since_ms:
        return "Nothing more: this standby was found."
    if stands and since_ms < state.watermark_ms:
        return f"{wanted}; it has lasted for {duration_text(state.watermark_ms - since_ms)}."
    return f"{wanted}; {NO_STRETCH_WORDS[doing]}."
