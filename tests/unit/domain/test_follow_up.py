"""What follows from a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.alerts import ALWAYS_ON_MINUTES
from chalicelib.domain.follow_up import METER_LAG_MS, REFUSED_PAUSE_MS, FollowUp, follow_up
from chalicelib.domain.phantom import Finding, State, Verdict
from chalicelib.domain.ports import Port
from chalicelib.domain.readings import LATE_MS
from chalicelib.domain.relays import report, switch
from chalicelib.domain.states import Latest, PortState

NOW = 1_700_000_000_000
PORT = Port("uid-1", "uid", "GW-1", "owner", "Television", 1, policy="cut")
FINDING = Finding(NOW - 600_000, NOW, 3.2, 10, "cut", "3.2 W for 10 min, below 10 W")
STANDBY = Verdict(FINDING, None, "standby")
USED = Verdict(None, NOW, "active")
QUIET = Verdict(None, None, "off")


def cut_once() -> tuple[Port, FollowUp]:
    followed = follow_up(PORT, PortState(), STANDBY, NOW)
    assert followed.relay is not None
    return replace(PORT, relay=followed.relay), followed


def obeyed() -> tuple[Port, PortState]:
    port, followed = cut_once()
    return replace(port, relay=report(port.relay, "off", 1, None, NOW)), followed.state


def drawing(state: PortState, watts: float, at_ms: int) -> PortState:
    return replace(state, latest=Latest(at_ms, 230, 0, watts))


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
    followed = follow_up(port, PortState(), STANDBY, NOW)
    assert followed.relay is None
    assert followed.event is not None
    assert followed.event.action == action
    assert (followed.notification is not None) is told


def test_where_the_detector_advises_only_to_tell_nothing_is_cut() -> None:
    unsure = Verdict(replace(FINDING, advice="notify"), None, "standby")
    followed = follow_up(PORT, PortState(), unsure, NOW)
    assert followed.event is not None
    assert (followed.event.action, followed.relay) == ("notified", None)


def test_one_stretch_is_one_event() -> None:
    port = replace(PORT, policy="notify")
    opened = follow_up(port, PortState(), STANDBY, NOW).state
    assert follow_up(port, opened, STANDBY, NOW + 60_000) == FollowUp(opened)


def test_a_notified_stretch_is_cut_once_the_owner_allows_it() -> None:
    opened = follow_up(replace(PORT, policy="notify"), PortState(), STANDBY, NOW).state
    followed = follow_up(PORT, opened, Verdict(replace(FINDING, at_ms=NOW + 1), None, "standby"), NOW + 1)
    assert followed.relay is not None
    assert [progress.event_id for progress in followed.progress] == [opened.open_event_id]


def test_old_news_neither_cuts_nor_alerts() -> None:
    assert follow_up(PORT, PortState(), STANDBY, NOW + LATE_MS + 1) == FollowUp(PortState())


def test_use_ends_the_event() -> None:
    opened = follow_up(replace(PORT, policy="notify"), PortState(), STANDBY, NOW).state
    followed = follow_up(PORT, opened, USED, NOW)
    assert followed.state.open_event_id is None
    assert followed.progress[0].ended_at_ms == NOW


def test_a_cut_is_confirmed_by_the_watts() -> None:
    port, state = obeyed()
    followed = follow_up(port, drawing(state, 0.0, NOW + 2_000), QUIET, NOW + 2_000)
    assert followed.state.outcome == "confirmed"
    assert followed.progress[0].outcome == "confirmed"


def test_a_cut_is_not_confirmed_before_the_pi_has_obeyed() -> None:
    port, followed = cut_once()
    state = drawing(followed.state, 0.0, NOW)
    assert follow_up(port, state, QUIET, NOW) == FollowUp(state)


def test_a_cut_is_contradicted_by_the_watts_once_the_meter_had_its_time() -> None:
    port, state = obeyed()
    soon = drawing(state, 3.2, NOW + METER_LAG_MS - 1)
    assert follow_up(port, soon, QUIET, NOW) == FollowUp(soon)
    followed = follow_up(port, drawing(state, 3.2, NOW + METER_LAG_MS), QUIET, NOW + METER_LAG_MS)
    assert followed.state.outcome == "contradicted"
    assert followed.notification is not None
    assert followed.notification.kind == "cut_failed"


def test_an_undone_cut_is_no_longer_watched() -> None:
    port, state = obeyed()
    undone = replace(port, relay=switch(port.relay, "on", NOW))
    followed = follow_up(undone, drawing(state, 3.2, NOW + METER_LAG_MS), QUIET, NOW + METER_LAG_MS)
    assert (followed.state.open_event_id, followed.state.outcome, followed.progress) == (None, None, ())


def test_a_refused_cut_is_tried_again_after_a_pause() -> None:
    port, followed = cut_once()
    refused = replace(port, relay=report(port.relay, "on", 1, "expired", NOW))
    again = Verdict(replace(FINDING, at_ms=NOW + REFUSED_PAUSE_MS), None, "standby")
    assert follow_up(refused, followed.state, again, NOW + REFUSED_PAUSE_MS - 1).relay is None
    assert follow_up(refused, followed.state, again, NOW + REFUSED_PAUSE_MS).relay is not None


def test_a_cut_that_the_pi_never_answered_failed_and_that_is_told_once() -> None:
    port, followed = cut_once()
    expires_at_ms = port.relay.expires_at_ms
    assert expires_at_ms is not None
    early = follow_up(port, drawing(followed.state, 3.2, expires_at_ms + METER_LAG_MS - 1), STANDBY, NOW)
    assert (early.progress, early.notification) == ((), None)
    late_ms = expires_at_ms + METER_LAG_MS
    late = follow_up(port, drawing(followed.state, 3.2, late_ms), STANDBY, late_ms)
    assert [progress.outcome for progress in late.progress] == ["contradicted"]
    assert late.notification is not None
    assert late.notification.kind == "cut_failed"
    assert late.notification.message == "Television still draws 3.2 W because the Pi did not answer the cut in time"
    again = follow_up(port, drawing(late.state, 3.2, late_ms + 60_000), STANDBY, late_ms + 60_000)
    assert (again.progress, again.notification) == ((), None)


def test_an_unanswered_cut_of_an_outlet_that_draws_nothing_is_no_news() -> None:
    port, followed = cut_once()
    later_ms = NOW + 3_600_000
    assert follow_up(port, drawing(followed.state, 0.0, later_ms), QUIET, later_ms).notification is None


def always_on(state: PortState) -> PortState:
    minutes = state.detector.watt_minutes.copy()
    minutes[25] = ALWAYS_ON_MINUTES
    return replace(state, detector=replace(state.detector, watt_minutes=minutes))


def test_always_on_is_told_once_a_spell() -> None:
    resting = drawing(PortState(), 6.5, NOW)
    told = follow_up(PORT, always_on(resting), QUIET, NOW)
    assert told.notification is not None
    assert told.notification.kind == "always_on"
    assert follow_up(PORT, told.state, QUIET, NOW).notification is None
    rested = follow_up(PORT, replace(told.state, detector=State()), QUIET, NOW)
    assert rested.state.always_on is False
    assert follow_up(PORT, always_on(rested.state), QUIET, NOW).notification is not None


def test_always_on_is_not_told_late_nor_of_an_outlet_that_is_only_observed() -> None:
    state = always_on(drawing(PortState(), 6.5, NOW))
    assert follow_up(PORT, state, QUIET, NOW + LATE_MS + 1).notification is None
    assert follow_up(replace(PORT, policy="observe"), state, QUIET, NOW).notification is None
