"""What follows from a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.detection import outlet_status
from chalicelib.detection.cut_decisions import METER_LAG_MS, REFUSED_PAUSE_MS, Effects, effects_of, with_silence
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import Finding, Verdict
from chalicelib.detection.outlet_alerts import ALWAYS_ON_MINUTES
from chalicelib.detection.outlet_status import is_off
from chalicelib.detection.port_state import PortState
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import report, switch_relay
from chalicelib.readings.model import LATE_MS, MeterReading

NOW = 1_700_000_000_000
PORT = Port("uid-1", "uid", "GW-1", "owner", "Television", 1, policy="cut")
FINDING = Finding(NOW - 600_000, NOW, 3.2, 10, "cut", "3.2 W for 10 min, below 10 W")
STANDBY = Verdict(FINDING, None, "standby")
USED = Verdict(None, NOW, "active")
QUIET = Verdict(None, None, "off")


def cut_once() -> tuple[Port, Effects]:
    followed = effects_of(PORT, PortState(), STANDBY, NOW)
    assert followed.relay is not None
    return replace(PORT, relay=followed.relay), followed


def obeyed() -> tuple[Port, PortState]:
    port, followed = cut_once()
    return replace(port, relay=report(port.relay, "off", 1, None, NOW)), followed.state


def drawing(state: PortState, watts: float, at_ms: int) -> PortState:
    return replace(state, latest=MeterReading(at_ms, 230, 0, watts))


def test_policy_cut_cuts_and_tells() -> None:
    _, followed = cut_once()
    assert followed.event is not None
    assert followed.notification is not None
    assert (followed.event.action, followed.event.outcome, followed.event.reason) == (
        "auto_cut",
        "sent",
        FINDING.reason,
    )
    assert followed.relay is not None
    assert (followed.relay.desired, followed.relay.only_below_watts) == ("off", 10)
    assert followed.notification.message == "Phantom energy detected on Television"
    assert followed.state.status == "off"


@pytest.mark.parametrize(
    ("port", "action", "told"),
    [
        (replace(PORT, policy="notify"), "notified", True),
        (replace(PORT, policy="observe"), "observed", False),
        (replace(PORT, never_cut=True), "notified", True),
    ],
)
def test_without_leave_to_cut_nothing_is_cut(port: Port, action: str, told: bool) -> None:
    followed = effects_of(port, PortState(), STANDBY, NOW)
    assert followed.relay is None
    assert followed.event is not None
    assert followed.event.action == action
    assert (followed.notification is not None) is told


def test_where_the_detector_advises_only_to_tell_nothing_is_cut() -> None:
    unsure = Verdict(replace(FINDING, advice="notify"), None, "standby")
    followed = effects_of(PORT, PortState(), unsure, NOW)
    assert followed.event is not None
    assert (followed.event.action, followed.relay) == ("notified", None)


def test_one_stretch_is_one_event() -> None:
    port = replace(PORT, policy="notify")
    opened = effects_of(port, PortState(), STANDBY, NOW).state
    assert effects_of(port, opened, STANDBY, NOW + 60_000) == Effects(opened)


def test_a_notified_stretch_is_cut_once_the_owner_allows_it() -> None:
    opened = effects_of(replace(PORT, policy="notify"), PortState(), STANDBY, NOW).state
    followed = effects_of(PORT, opened, Verdict(replace(FINDING, at_ms=NOW + 1), None, "standby"), NOW + 1)
    assert followed.relay is not None
    assert [progress.event_id for progress in followed.progress] == [opened.open_event_id]


def test_old_news_neither_cuts_nor_alerts() -> None:
    assert effects_of(PORT, PortState(), STANDBY, NOW + LATE_MS + 1) == Effects(PortState())


def test_use_ends_the_event() -> None:
    opened = effects_of(replace(PORT, policy="notify"), PortState(), STANDBY, NOW).state
    followed = effects_of(PORT, opened, USED, NOW)
    assert followed.state.open_event_id is None
    assert followed.progress[0].ended_at_ms == NOW


def test_a_cut_is_confirmed_by_the_watts() -> None:
    port, state = obeyed()
    followed = effects_of(port, drawing(state, 0.0, NOW + 2_000), QUIET, NOW + 2_000)
    assert followed.state.outcome == "confirmed"
    assert followed.progress[0].outcome == "confirmed"


def test_a_cut_is_not_confirmed_before_the_pi_has_obeyed() -> None:
    port, followed = cut_once()
    state = drawing(followed.state, 0.0, NOW)
    assert effects_of(port, state, QUIET, NOW) == Effects(state)


def test_a_cut_is_contradicted_by_the_watts_once_the_meter_had_its_time() -> None:
    port, state = obeyed()
    soon = drawing(state, 3.2, NOW + METER_LAG_MS - 1)
    assert effects_of(port, soon, QUIET, NOW) == Effects(soon)
    followed = effects_of(port, drawing(state, 3.2, NOW + METER_LAG_MS), QUIET, NOW + METER_LAG_MS)
    assert followed.state.outcome == "contradicted"
    assert followed.notification is not None
    assert followed.notification.kind == "cut_failed"


def test_the_mean_of_a_time_that_began_before_the_relay_was_off_does_not_contradict_it() -> None:
    port, state = obeyed()
    at_ms = NOW + METER_LAG_MS + 300_000
    mixed = replace(state, latest=MeterReading(at_ms, None, None, 3.2, held_ms=300_001))
    assert effects_of(port, mixed, QUIET, at_ms) == Effects(mixed)
    after = replace(state, latest=MeterReading(at_ms, None, None, 3.2, held_ms=300_000))
    assert effects_of(port, after, QUIET, at_ms).state.outcome == "contradicted"


def test_an_undone_cut_is_no_longer_watched() -> None:
    port, state = obeyed()
    undone = replace(port, relay=switch_relay(port.relay, "on", NOW))
    followed = effects_of(undone, drawing(state, 3.2, NOW + METER_LAG_MS), QUIET, NOW + METER_LAG_MS)
    assert (followed.state.open_event_id, followed.state.outcome, followed.progress) == (None, None, ())


def test_a_refused_cut_is_tried_again_after_a_pause() -> None:
    port, followed = cut_once()
    refused = replace(port, relay=report(port.relay, "on", 1, "expired", NOW))
    again = Verdict(replace(FINDING, at_ms=NOW + REFUSED_PAUSE_MS), None, "standby")
    assert effects_of(refused, followed.state, again, NOW + REFUSED_PAUSE_MS - 1).relay is None
    assert effects_of(refused, followed.state, again, NOW + REFUSED_PAUSE_MS).relay is not None


def test_a_cut_that_the_pi_never_answered_failed_and_that_is_told_once() -> None:
    port, followed = cut_once()
    expires_at_ms = port.relay.expires_at_ms
    assert expires_at_ms is not None
    early = effects_of(port, drawing(followed.state, 3.2, expires_at_ms + METER_LAG_MS - 1), STANDBY, NOW)
    assert (early.progress, early.notification) == ((), None)
    late_ms = expires_at_ms + METER_LAG_MS
    late = effects_of(port, drawing(followed.state, 3.2, late_ms), STANDBY, late_ms)
    assert [progress.outcome for progress in late.progress] == ["contradicted"]
    assert late.notification is not None
    assert late.notification.kind == "cut_failed"
    assert late.notification.message == "Television still draws 3.2 W because the Pi did not answer the cut in time"
    again = effects_of(port, drawing(late.state, 3.2, late_ms + 60_000), STANDBY, late_ms + 60_000)
    assert (again.progress, again.notification) == ((), None)


def test_an_unanswered_cut_of_an_outlet_that_draws_nothing_is_no_news() -> None:
    port, followed = cut_once()
    later_ms = NOW + 3_600_000
    assert effects_of(port, drawing(followed.state, 0.0, later_ms), QUIET, later_ms).notification is None


def always_on(state: PortState) -> PortState:
    minutes = state.detector.watt_minutes.copy()
    minutes[25] = ALWAYS_ON_MINUTES
    return replace(state, detector=replace(state.detector, watt_minutes=minutes))


def test_always_on_is_told_once_a_spell() -> None:
    resting = drawing(PortState(), 6.5, NOW)
    told = effects_of(PORT, always_on(resting), QUIET, NOW)
    assert told.notification is not None
    assert told.notification.kind == "always_on"
    assert effects_of(PORT, told.state, QUIET, NOW).notification is None
    rested = effects_of(PORT, replace(told.state, detector=State()), QUIET, NOW)
    assert rested.state.always_on is False
    assert effects_of(PORT, always_on(rested.state), QUIET, NOW).notification is not None


def test_always_on_is_not_told_late_nor_of_an_outlet_that_is_only_observed() -> None:
    state = always_on(drawing(PortState(), 6.5, NOW))
    assert effects_of(PORT, state, QUIET, NOW + LATE_MS + 1).notification is None
    assert effects_of(replace(PORT, policy="observe"), state, QUIET, NOW).notification is None


def confirmed() -> tuple[Port, PortState]:
    port, state = obeyed()
    return port, effects_of(port, drawing(state, 0.0, NOW + 2_000), QUIET, NOW + 2_000).state


def welded(port: Port, state: PortState, verdict: Verdict = QUIET) -> Effects:
    at_ms = NOW + 100_000
    return effects_of(port, drawing(state, 85.2, at_ms), verdict, at_ms)


@pytest.mark.parametrize("verdict", [QUIET, USED, STANDBY], ids=["quiet", "used again", "standby"])
@pytest.mark.parametrize("cut_has_come", [obeyed, confirmed])
def test_power_after_a_relay_is_off_contradicts_it_whatever_came_between(
    cut_has_come: Callable[[], tuple[Port, PortState]], verdict: Verdict
) -> None:
    port, state = cut_has_come()
    found = welded(port, state, verdict)
    assert found.notification is not None
    assert found.notification.message == "Television still draws 85.2 W although its outlet was switched off"
    assert [progress.outcome for progress in found.progress] == ["contradicted"]
    assert (found.state.contradicted_version, found.state.status) == (1, "active")
    assert not is_off(port.relay, found.state)
    again = effects_of(port, drawing(found.state, 85.2, NOW + 160_000), verdict, NOW + 160_000)
    assert (again.notification, again.progress) == (None, ()), "told once"


def test_the_saving_of_a_cut_that_was_confirmed_ends_when_power_flows_again() -> None:
    (progress,) = welded(*confirmed()).progress
    assert progress.ended_at_ms == NOW + 100_000
    (never,) = welded(*obeyed()).progress
    assert never.ended_at_ms is None


def test_a_welded_relay_that_shows_nothing_for_a_while_is_not_forgotten() -> None:
    port, state = obeyed()
    for seconds in range(2, 46):
        state = effects_of(port, drawing(state, 0.0, NOW + seconds * 1_000), QUIET, NOW + seconds * 1_000).state
    used = Verdict(None, NOW + 47_000, "active")
    assert [entry.outcome for entry in welded(port, state, used).progress] == ["contradicted"]


def test_what_a_person_switched_off_is_watched_too_and_anew_after_each_switch() -> None:
    relay = report(switch_relay(PORT.relay, "off", NOW), "off", 1, None, NOW)
    port = replace(PORT, policy="observe", relay=relay)
    assert effects_of(port, drawing(PortState(), 60.0, NOW + 29_000), USED, NOW + 29_000).notification is None
    found = welded(port, PortState(), USED)
    assert found.notification is not None
    on = replace(port, relay=switch_relay(relay, "on", NOW))
    assert welded(on, found.state, USED).notification is None
    off = replace(port, relay=report(switch_relay(on.relay, "off", NOW), "off", 3, None, NOW))
    assert welded(off, found.state, USED).notification is not None


def test_until_the_device_has_answered_a_persons_switch_nothing_is_contradicted() -> None:
    port = replace(PORT, relay=switch_relay(PORT.relay, "off", NOW))
    assert welded(port, PortState(), USED).notification is None


def test_old_readings_contradict_nothing() -> None:
    port, state = confirmed()
    late = effects_of(port, drawing(state, 85.2, NOW + 100_000), USED, NOW + 100_000 + LATE_MS + 1)
    assert (late.notification, late.progress) == (None, ())


def test_a_stretch_that_was_only_told_ends_though_the_outlet_is_off() -> None:
    opened = effects_of(replace(PORT, policy="notify"), PortState(), STANDBY, NOW).state
    relay = report(switch_relay(PORT.relay, "off", NOW), "off", 1, None, NOW)
    found = welded(replace(PORT, relay=relay), opened, USED)
    assert [(progress.outcome, progress.ended_at_ms) for progress in found.progress] == [(None, NOW)]
    assert found.notification is not None


def test_a_relay_that_does_not_obey_is_not_tried_again_each_ten_minutes() -> None:
    port, followed = cut_once()
    failed = replace(port, relay=report(port.relay, "on", 1, "failed", NOW))
    for hours, tries in ((1, False), (24, True)):
        at_ms = NOW + hours * 3_600_000
        again = Verdict(replace(FINDING, at_ms=at_ms), None, "standby")
        assert (effects_of(failed, followed.state, again, at_ms).relay is not None) is tries


def test_silence_is_told_once_a_spell() -> None:
    state = replace(drawing(PortState(), 61.0, NOW), pace_ms=2_000.0)
    told = with_silence(PORT, Effects(state), NOW + 121_000, NOW + 121_000)
    assert told.notification is not None
    assert told.notification.kind == "outlet_silent"
    assert told.notification.message == (
        "Television has sent no reading since 2023-11-14 22:13 UTC, though its device is online"
    )
    assert with_silence(PORT, Effects(told.state), NOW + 300_000, NOW + 300_000).notification is None
    assert outlet_status.status_of_outlet(PORT, told.state) == "silent"
