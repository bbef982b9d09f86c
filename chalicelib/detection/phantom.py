"""Phantom detection, one outlet at a time: state in, readings in, state and verdict out. No clock, no store.

verdicts says what is asked and answered, detector takes the readings, fixed and learned are the two rules, histogram
finds the gap between standby and use, patience the dwell, kinds what a person's word adds, explain shows it all.
"""

from chalicelib.detection.detector import step, threshold_watts
from chalicelib.detection.explain import Bar, Explanation, explain
from chalicelib.detection.model import Finding, Policy, Rule, Status, Verdict, status
from chalicelib.detection.state import State
from chalicelib.ports.kinds import KINDS, Kind, kind_of

__all__ = [
    "KINDS",
    "Bar",
    "Explanation",
    "Finding",
    "Kind",
    "Policy",
    "Rule",
    "State",
    "Status",
    "Verdict",
    "explain",
    "kind_of",
    "status",
    "step",
    "threshold_watts",
]
