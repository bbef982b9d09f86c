"""What detection tells a person of an outlet that is never idle."""

from __future__ import annotations

from chalicelib.core.times import DAY_MS, MINUTE_MS
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.state import State
from chalicelib.ports.model import Rule

ALWAYS_ON_MINUTES = 3 * DAY_MS // MINUTE_MS
"""Three days hold a working day and most of a weekend: what has not rested in them does not rest."""


def always_on_watts(detector: State, rule: Rule) -> float | None:
    """The least an outlet draws when it was never off and never idle for days; None when that is not so.

    Protected outlets never raise alerts.
    """
    if rule.is_protected or detector.threshold_watts or sum(detector.watt_minutes) < ALWAYS_ON_MINUTES:
        return None
    known = explain_decision(detector, rule)
    return known.histogram[0].from_watts or None if known.source == "none" else None
