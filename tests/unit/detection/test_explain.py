"""What an outlet waits for, in a sentence that holds at its newest reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.explain import explain_decision
from chalicelib.ports.model import Rule

STEP_MS = 10_000
SHORT = Rule(threshold_watts=10, dwell_seconds=20)
HALF_AN_HOUR = Rule(threshold_watts=10)


def waits_for(rule: Rule, watts: list[float]) -> str:
    """What is said after these readings, ten seconds apart."""
    times = [number * STEP_MS for number in range(1, len(watts) + 1)]
    return explain_decision(step_detector(State(), rule, times, watts)[0], rule).waits_for


@pytest.mark.parametrize(
    ("rule", "watts", "sentence"),
    [
        (SHORT, [3.0], "Waiting for standby below 10 W for 20 s; standby has just begun."),
        (SHORT, [3.0, 3.0], "Waiting for standby below 10 W for 20 s; it has lasted for 10 s."),
        (SHORT, [80.0], "Waiting for standby below 10 W for 20 s; the appliance is in use."),
        (SHORT, [3.0, 0.0], "Waiting for standby below 10 W for 20 s; the outlet is off."),
        (SHORT, [3.0, 3.0, 3.0], "This standby has been found."),
        (Rule(threshold_watts=10, dwell_seconds=0), [3.0], "This standby has been found."),
        (SHORT, [3.0, 3.0, 3.0, 0.0], "Waiting for standby below 10 W for 20 s; the outlet is off."),
        (SHORT, [], "Waiting for standby below 10 W for 20 s; there is no reading yet."),
        (HALF_AN_HOUR, [3.0] * 31, "Waiting for standby below 10 W for 30 min; it has lasted for 5 min."),
        (
            Rule(threshold_watts=10, dwell_seconds=90),
            [80.0],
            "Waiting for standby below 10 W for 90 s; the appliance is in use.",
        ),
        (Rule(kind="television"), [3.0], "Waiting for standby below 10 W for 60 min; standby has just begun."),
    ],
)
def test_it_says_how_long_is_left_in_units_that_fit(rule: Rule, watts: list[float], sentence: str) -> None:
    assert waits_for(rule, watts) == sentence


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule(never_cut=True), "This outlet is marked never-cut."),
        (Rule(kind="storage"), "Outlets of the kind storage are never cut."),
        (
            Rule("television", false_cuts=1),
            "A cut was wrong, so Ghostwatt only notifies you; 5 right cuts make up for it.",
        ),
    ],
)
def test_what_only_tells_says_why(rule: Rule, sentence: str) -> None:
    assert waits_for(rule, [3.0]) == sentence


@given(st.lists(st.sampled_from([0.0, 3.0, 80.0]), max_size=60), st.integers(1, 86_400))
def test_use_off_and_lengths_of_time_are_said_only_when_they_are_so(watts: list[float], dwell_seconds: int) -> None:
    said = waits_for(Rule(threshold_watts=10, dwell_seconds=dwell_seconds), watts)
    assert ("in use" in said) == (watts[-1:] == [80.0])
    assert ("the outlet is off" in said) == (watts[-1:] == [0.0])
    assert " 0 s" not in said
    assert " 0 min" not in said
