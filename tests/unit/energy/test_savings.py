"""What a cut has saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.times import HOUR_MS, MINUTE_MS
from chalicelib.detection.model import PhantomEvent
from chalicelib.energy.savings import LIMIT_MS, EndedBy, Saving, assumption, saving_of

OFF = 1_774_656_000_000
CUT = PhantomEvent(
    event_id="e",
    owner_id="o",
    port_id="p",
    port_name="Television",
    device_id="d",
    device_uid="u",
    detected_watts=3.2,
    detected_at_ms=OFF - MINUTE_MS,
    started_at_ms=OFF - 31 * MINUTE_MS,
    action="auto_cut",
    reason="",
    outcome="confirmed",
    obeyed_at_ms=OFF,
)
UNDONE = replace(CUT, outcome="undone", ended_at_ms=OFF + 3 * HOUR_MS)


def saved(event: PhantomEvent, now_ms: int = OFF + 50 * HOUR_MS, *, is_still_off: bool = True) -> Saving:
    found = saving_of(event, now_ms, is_still_off=is_still_off)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("event", "hours_later", "ended_by", "counted_ms"),
    [
        (UNDONE, 50, "restored", 3 * HOUR_MS),
        (replace(UNDONE, outcome="confirmed"), 50, "use", 3 * HOUR_MS),
        (CUT, 2, "open", 2 * HOUR_MS),
        (CUT, 50, "limit", LIMIT_MS),
        (replace(UNDONE, ended_at_ms=OFF + 30 * HOUR_MS), 50, "limit", LIMIT_MS),
        (replace(UNDONE, ended_at_ms=OFF - 1), 50, "restored", 0),
    ],
)
def test_it_counts_until_power_is_back_but_a_day_at_most(
    event: PhantomEvent, hours_later: int, ended_by: EndedBy, counted_ms: int
) -> None:
    found = saved(event, OFF + hours_later * HOUR_MS)
    assert (found.ended_by, found.counted_ms) == (ended_by, counted_ms)
    assert found.microjoules == 3_200 * counted_ms


def test_the_same_span_counts_whenever_it_is_looked_at() -> None:
    assert saved(UNDONE, OFF + 4 * HOUR_MS) == saved(UNDONE, OFF + 400 * HOUR_MS, is_still_off=False)


def test_a_cut_that_was_not_obeyed_is_no_saving() -> None:
    assert saving_of(replace(CUT, obeyed_at_ms=None), OFF, is_still_off=True) is None


def test_a_wrong_cut_saved_nothing_and_says_so() -> None:
    found = saved(replace(UNDONE, verdict="wrong"))
    assert (found.counted_ms, found.microjoules) == (0, 0)
    assert "wrong" in assumption(found)


def test_what_ended_nobody_knows_when_counts_nothing_and_says_so() -> None:
    found = saved(CUT, is_still_off=False)
    assert (found.ended_by, found.counted_ms) == ("unknown", 0)
    assert "not known" in assumption(found)


def test_the_assumption_has_its_figures() -> None:
    assert assumption(saved(UNDONE)) == (
        "3.2 W (average of the 30 min before the cut) for the 3 h 0 min that the outlet was off."
    )
    assert assumption(saved(CUT)).endswith("At most 24 hours of a cut are counted.")
    at_once = replace(UNDONE, started_at_ms=CUT.detected_at_ms)
    assert "the reading before the cut" in assumption(saved(at_once))
