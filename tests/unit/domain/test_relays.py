"""Cutting, switching, acknowledging, taking back."""

from __future__ import annotations

from chalicelib.domain.relays import CUT_TTL_MS, Relay, cut, judged_wrong, report, switch

NOW = 1_700_000_000_000


def test_a_cut_is_bound_to_watts_and_time() -> None:
    relay = cut(Relay(version=4), "event", 10, NOW)
    assert (relay.desired, relay.version, relay.only_below_watts) == ("off", 5, 10)
    assert relay.expires_at_ms == NOW + CUT_TTL_MS
    assert relay.cut_by_detector


def test_a_persons_switch_is_bound_to_nothing() -> None:
    relay = switch(Relay(), "off", NOW)
    assert (relay.only_below_watts, relay.expires_at_ms, relay.switched_by) == (None, None, "person")


def test_switching_on_undoes_the_cut_and_keeps_the_detector_away() -> None:
    relay = switch(cut(Relay(), "event", 10, NOW), "on", NOW + 1)
    assert (relay.desired, relay.version, relay.cut_event_id, relay.undone_at_ms) == ("on", 2, None, NOW + 1)


def test_an_acknowledged_cut_is_obeyed() -> None:
    sent = cut(Relay(), "event", 10, NOW)
    assert not sent.obeyed
    assert report(sent, "off", 1, None, NOW).obeyed


def test_an_answer_to_an_older_command_changes_nothing() -> None:
    newer = switch(cut(Relay(), "event", 10, NOW), "on", NOW)
    assert report(newer, "off", 1, None, NOW) is newer


def test_the_same_answer_twice_changes_nothing() -> None:
    obeyed = report(cut(Relay(), "event", 10, NOW), "off", 1, None, NOW)
    assert report(obeyed, "off", 1, None, NOW + 60_000) is obeyed


def test_a_refused_cut_is_taken_back_and_says_why() -> None:
    refused = report(cut(Relay(), "event", 10, NOW), "on", 1, "in_use", NOW + 5)
    assert (refused.desired, refused.reported, refused.reason) == ("on", "on", "in_use")
    assert (refused.cut_event_id, refused.refused_at_ms, refused.undone_at_ms) == (None, NOW + 5, None)
    assert refused.obeyed


def test_switching_on_after_a_cut_confirms_it_and_otherwise_not() -> None:
    assert switch(cut(Relay(), "event", 10, NOW), "on", NOW).uses_confirmed == 1
    assert switch(Relay(), "on", NOW).uses_confirmed == 0


def test_a_cut_judged_wrong_counts_and_is_undone_if_it_stands() -> None:
    wrong = judged_wrong(cut(Relay(), "event", 10, NOW), "event", NOW)
    assert (wrong.desired, wrong.false_cuts, wrong.uses_confirmed) == ("on", 1, 0)
    later = judged_wrong(cut(Relay(), "another", 10, NOW), "event", NOW)
    assert (later.desired, later.false_cuts) == ("off", 1)
