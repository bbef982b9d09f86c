"""Decide what follows from a verdict: a phantom event, a cut, its confirmation, its end. Nothing is stored here.

One event stands for one stretch of standby, however often the detector finds it again. A second event opens only when
the owner of a stretch that was notified allows a cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.core.times import DAY_MS, MINUTE_MS
from chalicelib.detection import outlet_silence
from chalicelib.detection.detector import standby_threshold_watts
from chalicelib.detection.model import Action, Finding, Outcome, PhantomEvent, Verdict, phantom_status
from chalicelib.detection.outlet_alerts import always_on_watts, outlet_alert, silent_outlet_alert
from chalicelib.detection.port_state import PortState
from chalicelib.notifications.model import Notification, time_ordered_id
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import Relay, cut
from chalicelib.readings.model import LATE_MS, MeterReading

OBEYED_BELOW_WATTS = 0.5
"""A cut outlet draws nothing; a meter may still show a little noise."""
METER_LAG_MS = 30_000
"""Power contradicts the Pi's report "off" only this long after it: relays, meters and clocks lag behind."""
REFUSED_PAUSE_MS = 10 * MINUTE_MS
"""The pause after the Pi refused a cut."""
FAILING_PAUSE_MS = DAY_MS
"""The pause while the relay does not obey: its owner was notified, and each try adds an event to the list."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an event has come."""

    event_id: str
    outcome: Outcome | None = None
    ended_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """The state of a port after its readings, and what is to be written with it."""

    state: PortState
    event: PhantomEvent | None = None
    relay: Relay | None = None
    progress: tuple[Progress, ...] = ()
    notification: Notification | None = None

    @property
    def writes_more_than_state(self) -> bool:
        """Whether the state cannot be stored by itself."""
        return bool(self.event or self.relay or self.progress or self.notification)


def effects_of(port: Port, state: PortState, verdict: Verdict, now_ms: int) -> Effects:
    """The effects at a port whose state already holds its newest reading and the detector's new state."""
    return _with_always_on(port, _effects_of_verdict(port, state, verdict, now_ms), now_ms)


def _effects_of_verdict(port: Port, state: PortState, verdict: Verdict, now_ms: int) -> Effects:
    state = _without_lost_cut(port, state)
    ended: tuple[Progress, ...] = ()
    if state.open_event_id is not None and verdict.ended_at_ms is not None and not _is_cut(port, state):
        ended = (Progress(state.open_event_id, ended_at_ms=verdict.ended_at_ms),)
        state = replace(state, open_event_id=None, outcome=None)
    if port.relay.desired == "off" and (watched := _watch_off(port, state, now_ms)):
        return replace(watched, progress=(*ended, *watched.progress))
    if ended:
        return Effects(state, progress=ended)
    if verdict.finding is not None and _opens_event(port, state, verdict.finding, now_ms):
        return _open_event(port, state, verdict.finding, now_ms)
    return Effects(state)


def _without_lost_cut(port: Port, state: PortState) -> PortState:
    """Forget a cut that was undone or refused meanwhile; its event was ended then."""
    if state.outcome is not None and port.relay.cut_event_id != state.open_event_id:
        return replace(state, open_event_id=None, outcome=None)
    return state


def _is_cut(port: Port, state: PortState) -> bool:
    """Whether the open event is a cut that stands. Use cannot end it: an outlet that is off is not used."""
    return port.relay.cut_by_detector and state.outcome is not None


def _watch_off(port: Port, state: PortState, now_ms: int) -> Effects | None:
    """Compare the newest reading with a relay that should be off; None where that changes nothing.

    Power contradicts the relay until it is on again: the meter of a welded relay may show 0 W for a while.
    """
    relay, newest = port.relay, state.latest
    if newest is None or newest.power < OBEYED_BELOW_WATTS:
        return _confirmed(port, state)
    settled_at_ms = relay.reported_at_ms if relay.obeyed else relay.expires_at_ms
    drawn_since_ms = newest.at_ms - newest.held_ms  # the mean of a time that began before says nothing
    if settled_at_ms is None or drawn_since_ms < settled_at_ms + METER_LAG_MS or now_ms - newest.at_ms > LATE_MS:
        return None
    return None if state.contradicted_version == relay.version else _contradicted(port, state, newest, now_ms)


def _confirmed(port: Port, state: PortState) -> Effects | None:
    if state.latest is None or state.open_event_id is None or not port.relay.obeyed:
        return None
    if state.outcome not in ("sent", "obeyed"):
        return None
    return Effects(replace(state, outcome="confirmed"), progress=(Progress(state.open_event_id, "confirmed"),))


def _contradicted(port: Port, state: PortState, newest: MeterReading, now_ms: int) -> Effects:
    """End the cut. A confirmed cut saved energy until now; one that was never confirmed saved nothing."""
    was_notified = port.relay.failing or state.outcome == "contradicted"
    was_cut = _is_cut(port, state) and state.open_event_id is not None
    ended_at_ms = newest.at_ms if state.outcome == "confirmed" else None
    why = (
        "although its outlet was switched off" if port.relay.obeyed else "because the Pi did not answer the cut in time"
    )
    message = f"{port.name} still draws {newest.power:.1f} W {why}"
    return Effects(
        replace(
            state,
            outcome="contradicted" if was_cut else state.outcome,
            contradicted_version=port.relay.version,
            status=phantom_status(newest.power, standby_threshold_watts(state.detector, port.rule)),
        ),
        progress=(Progress(str(state.open_event_id), "contradicted", ended_at_ms),) if was_cut else (),
        notification=None if was_notified else outlet_alert(port, "cut_failed", message, now_ms),
    )


def _opens_event(port: Port, state: PortState, finding: Finding, now_ms: int) -> bool:
    if now_ms - finding.at_ms > LATE_MS or port.relay.desired == "off":
        return False
    refused_at_ms = port.relay.refused_at_ms
    pause_ms = FAILING_PAUSE_MS if port.relay.failing else REFUSED_PAUSE_MS
    if refused_at_ms is not None and now_ms - refused_at_ms < pause_ms:
        return False
    return state.open_event_id is None or (state.outcome is None and _action(port, finding) == "auto_cut")


def _open_event(port: Port, state: PortState, finding: Finding, now_ms: int) -> Effects:
    action = _action(port, finding)
    event = PhantomEvent(
        event_id=time_ordered_id(finding.at_ms, port.port_id),
        owner_id=port.owner_id,
        port_id=port.port_id,
        port_name=port.name,
        device_id=port.device_id,
        device_uid=port.device_uid,
        detected_watts=finding.watts,
        detected_at_ms=finding.at_ms,
        started_at_ms=finding.since_ms,
        action=action,
        reason=finding.reason,
        outcome="sent" if action == "auto_cut" else None,
    )
    opened = replace(state, open_event_id=event.event_id, outcome=event.outcome)
    notification = (
        None
        if action == "observed"
        else outlet_alert(
            port, "cut" if action == "auto_cut" else "phantom", f"Phantom energy detected on {port.name}", now_ms
        )
    )
    return Effects(
        replace(opened, status="off") if action == "auto_cut" else opened,
        event=event,
        relay=cut(port.relay, event.event_id, finding.threshold_watts, now_ms) if action == "auto_cut" else None,
        progress=(Progress(state.open_event_id, ended_at_ms=finding.at_ms),) if state.open_event_id else (),
        notification=notification,
    )


def _with_always_on(port: Port, effects: Effects, now_ms: int) -> Effects:
    """Add an alert that the outlet is never off and never idle, once until that ends. Another notification goes first.

    Old readings never alert.
    """
    state = effects.state
    least_watts = always_on_watts(state.detector, port.rule)
    if least_watts is None:
        return effects if not state.always_on else replace(effects, state=replace(state, always_on=False))
    is_old = state.latest is None or now_ms - state.latest.at_ms > LATE_MS
    if state.always_on or is_old or effects.notification is not None or port.policy == "observe":
        return effects
    message = f"{port.name} has drawn {least_watts:.1f} W or more at every minute for days: it is always on"
    alert = outlet_alert(port, "always_on", message, now_ms)
    return replace(effects, state=replace(state, always_on=True), notification=alert)


def with_silence(port: Port, effects: Effects, heard_ms: int, now_ms: int) -> Effects:
    """Add an alert that the outlet's meter is silent, once until it is heard again. Another notification goes first."""
    since_ms = outlet_silence.begins_ms(effects.state, heard_ms)
    if since_ms is None or effects.notification is not None:
        return effects
    alert = silent_outlet_alert(port, since_ms, now_ms)
    return replace(effects, state=replace(effects.state, silent_since_ms=since_ms), notification=alert)


def _action(port: Port, finding: Finding) -> Action:
    if port.may_be_cut and finding.advice == "cut":
        return "auto_cut"
    return "observed" if port.policy == "observe" else "notified"
