"""Replaying a past under another rule."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chalicelib.detection.backtest import Backtest
from chalicelib.ports.model import Rule
from chalicelib.readings.model import Columns

START = 1_700_000_000_000
RULE = Rule(policy="cut", threshold_watts=10, dwell_seconds=600)


def columns(*stretches: tuple[int, float]) -> list[Columns]:
    """Readings every 10 s, a chunk a minute; each stretch is (minutes, watts)."""
    watts = [value for minutes, value in stretches for _ in range(minutes * 6)]
    times = [START + 10_000 * number for number in range(len(watts))]
    edges = [*range(0, len(watts), 6), len(watts)]
    return [
        Columns(times[a:b], [round(value * 1_000) for value in watts[a:b]], [0] * (b - a), [0] * (b - a))
        for a, b in pairwise(edges)
    ]


def replay(rule: Rule, *stretches: tuple[int, float]) -> Backtest:
    test = Backtest(rule)
    for chunk in columns(*stretches):
        test.take(chunk)
    return test


def test_what_would_have_been_cut_and_saved() -> None:
    test = replay(RULE, (5, 90.0), (70, 6.0), (5, 90.0))
    (cut,) = test.ended
    assert cut.restored_at_ms == START + 75 * 60_000
    assert not cut.wrong
    off_hours = (cut.restored_at_ms - cut.at_ms) / 3_600_000
    assert cut.saved_joules / 3_600 == pytest.approx(6.0 * off_hours, rel=0.01)
    assert test.readings == 80 * 6


def test_use_within_a_quarter_of_an_hour_makes_a_cut_wrong() -> None:
    test = replay(RULE, (5, 90.0), (20, 6.0), (5, 90.0))
    assert [cut.wrong for cut in test.ended] == [True]


def test_a_cut_that_still_stands_has_no_end_yet() -> None:
    test = replay(RULE, (5, 90.0), (30, 6.0))
    assert test.ended == []
    assert test.standing is not None
    assert test.standing.restored_at_ms is None


@pytest.mark.parametrize(
    "rule",
    [
        Rule(policy="notify", threshold_watts=10, dwell_seconds=600),
        Rule(policy="cut", never_cut=True, threshold_watts=10, dwell_seconds=600),
        Rule(policy="cut", threshold_watts=5, dwell_seconds=600),
        Rule(policy="cut", kind="fridge or freezer", threshold_watts=10, dwell_seconds=600),
    ],
)
def test_a_rule_that_would_not_cut_cuts_nothing(rule: Rule) -> None:
    test = replay(rule, (5, 90.0), (70, 6.0), (5, 90.0))
    assert (test.ended, test.standing) == ([], None)
