"""Cutting, switching, acknowledging, taking back."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.ports.relay_commands import (
    CUT_TTL_MS,
    Relay,
    RelayState,
    cut,
    judged_wrong,
    no_longer_wrong,
    report,
    switch_relay,
)

NOW = 1_700_000_000_000


def test_a_cut_is_bound_to_watts_and_time() -> None:
    relay = cut(Relay(version=4), "event", 10, NOW)
    assert (relay.desired, relay.version, relay.only_below_watts) == ("off", 5, 10)
    assert relay.expires_at_ms == NOW + CUT_TTL_MS
    assert relay.cut_by_detector


def test_a_persons_switch_is_bound_to_nothing() -> None:
    relay = switch_relay(Relay(), "off", NOW)
    assert (relay.only_below_watts, relay.expires_at_ms, relay.switched_by) == (None, None, "person")


def test_switching_on_undoes_the_cut_and_keeps_the_detector_away() -> None:
    relay = switch_relay(cut(Relay(), "event", 10, NOW), "on", NOW + 1)
    assert (relay.desired, relay.version, relay.cut_event_id, relay.undone_at_ms) == ("on", 2, None, NOW + 1)


def test_an_acknowledged_cut_is_obeyed() -> None:
    sent = cut(Relay(), "event", 10, NOW)
    assert not sent.obeyed
    assert report(sent, "off", 1, None, NOW).obeyed


def test_an_answer_to_an_older_command_changes_nothing() -> None:
    newer = switch_relay(cut(Relay(), "event", 10, NOW), "on", NOW)
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
    assert switch_relay(cut(Relay(), "event", 10, NOW), "on", NOW).uses_confirmed == 1
    assert switch_relay(Relay(), "on", NOW).uses_confirmed == 0


def test_a_cut_judged_wrong_counts_and_is_undone_if_it_stands() -> None:
    wrong = judged_wrong(cut(Relay(), "event", 10, NOW), "event", NOW)
    assert (wrong.desired, wrong.false_cuts, wrong.uses_confirmed) == ("on", 1, 0)
    later = judged_wrong(cut(Relay(), "another", 10, NOW), "event", NOW)
    assert (later.desired, later.false_cuts) == ("off", 1)


@pytest.mark.parametrize("reason", ["by_hand", "at_plug"])
def test_switching_at_the_plug_is_a_persons_command(reason: str) -> None:
    off = report(switch_relay(Relay(), "off", NOW), "off", 1, None, NOW)
    on = report(off, "on", 1, reason, NOW + 5)
    assert (on.desired, on.version, on.switched_by, on.undone_at_ms) == ("on", 2, "person", NOW + 5)
    assert (on.obeyed, on.reason) == (True, reason)
    assert report(on, "on", 1, reason, NOW + 9) is on, "the same report again"
    assert report(on, "on", 2, None, NOW + 9) is on, "the device hears of the new version, and agrees"


def test_a_cut_that_is_ended_at_the_plug_was_wanted_again() -> None:
    restored = report(report(cut(Relay(), "event", 10, NOW), "off", 1, None, NOW), "on", 1, "at_plug", NOW + 5)
    assert (restored.uses_confirmed, restored.refused_at_ms, restored.cut_event_id) == (1, None, None)


def test_a_hand_that_switches_twice_before_the_device_hears_of_it_wins() -> None:
    relay = report(switch_relay(Relay(), "off", NOW), "off", 1, None, NOW)
    hands: tuple[RelayState, ...] = ("on", "off", "on")
    for number, state in enumerate(hands):
        relay = report(relay, state, 1, "by_hand", NOW + number)
        assert (relay.desired, relay.version) == (state, 2 + number)
    tapped = switch_relay(relay, "off", NOW + 9)
    assert report(tapped, "on", 1, "by_hand", NOW + 10) is tapped, "the cloud's next command wins"


def test_an_outlet_that_was_never_commanded_may_be_switched_at_the_plug() -> None:
    off = report(Relay(), "off", 0, "at_plug", NOW)
    assert (off.desired, off.version, off.switched_by) == ("off", 1, "person")
    assert report(Relay(), "on", 0, "at_plug", NOW).version == 0, "it is on as it is wanted"


@pytest.mark.parametrize("reason", ["failed", "not_cut"])
def test_a_relay_that_does_not_obey_is_known_until_it_moves(reason: str) -> None:
    failed = report(switch_relay(Relay(), "off", NOW), "on", 1, reason, NOW)
    assert (failed.failing, failed.desired, failed.obeyed) == (True, "off", False)
    assert report(failed, "on", 1, reason, NOW + 1) is failed
    tried = switch_relay(failed, "off", NOW + 2)
    assert report(tried, "on", 2, reason, NOW + 3).failing
    assert not report(tried, "off", 2, None, NOW + 3).failing


def test_power_that_flows_though_the_relay_is_off_is_heard_after_the_answer() -> None:
    off = report(cut(Relay(), "event", 10, NOW), "off", 1, None, NOW)
    flows = report(off, "off", 1, "not_cut", NOW + 10)
    assert (flows.failing, flows.obeyed) == (True, True)


def test_a_relay_stored_before_there_were_these_fields_is_read() -> None:
    stored = msgspec.json.encode({"desired": "off", "version": 3, "reported": "off", "reported_version": 3})
    assert msgspec.json.decode(stored, type=Relay) == Relay("off", 3, "off", 3)


def test_a_verdict_that_is_taken_back_no_longer_counts_and_never_counts_below_none() -> None:
    wrong = judged_wrong(cut(Relay(), "event", 10, NOW), "event", NOW)
    assert (no_longer_wrong(wrong).false_cuts, no_longer_wrong(wrong).desired) == (0, "on")
    assert no_longer_wrong(Relay()).false_cuts == 0
