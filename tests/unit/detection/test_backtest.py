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


def test_what_held_is_saved_wholly_and_use_counts_from_its_start() -> None:
    test = replay(RULE, (5, 90.0), (20, 6.0))
    assert test.standing is not None
    cut_at_ms, end_ms = test.standing.seen_at_ms, START + 25 * 60_000
    before = test.standing.saved_joules
    held_ms = [600_000, 600_000, 300_000]
    times_ms = [end_ms + 600_000, end_ms + 1_200_000, end_ms + 1_500_000]
    test.take(Columns(times_ms, [6_000, 4_000, 90_000], [None] * 3, [None] * 3, held_ms=held_ms))
    (cut,) = test.ended
    assert cut.restored_at_ms == end_ms + 1_200_000
    way = 6.0 * (end_ms - cut_at_ms) / 1_000
    assert cut.saved_joules - before == pytest.approx(6.0 * 600 + 4.0 * 600 + way)


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


def test_readings_that_held_are_replayed_as_the_stream_took_them() -> None:
    test = Backtest(RULE)
    power = [90.0] * 2 + [6.0] * 24 + [90.0] * 2
    times = [START + 300_000 * (number + 1) for number in range(len(power))]
    for at_ms, watts in zip(times, power, strict=True):
        test.take(Columns([at_ms], [round(watts * 1_000)], [0], [0], held_ms=[300_000]))
    (cut,) = test.ended
    assert cut.at_ms == START + 4 * 300_000
    assert cut.restored_at_ms == START + 26 * 300_000
    assert cut.saved_joules == pytest.approx(6.0 * 22 * 300)
