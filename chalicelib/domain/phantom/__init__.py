"""Phantom detection, one outlet at a time: state in, readings in, state and verdict out. No clock, no store.

verdicts says what is asked and answered, detector takes the readings, fixed and learned are the two rules, histogram
finds the gap between standby and use, patience the dwell, kinds what a person's word adds, explain shows it all.
"""

from chalicelib.domain.phantom.detector import step, threshold_watts
from chalicelib.domain.phantom.explain import Bar, Explanation, explain
from chalicelib.domain.phantom.kinds import KINDS, Kind, kind_of
from chalicelib.domain.phantom.state import State
from chalicelib.domain.phantom.verdicts import Finding, Policy, Rule, Status, Verdict, status

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
