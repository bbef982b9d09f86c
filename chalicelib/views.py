"""Domain objects as the contract shows them: the one way from domain/ to wire/, for answers and for pushes alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from chalicelib.domain import liveness
from chalicelib.domain.backtest import Cut
from chalicelib.domain.claims import Claim
from chalicelib.domain.devices import Device
from chalicelib.domain.energy.usage import Usage, watt_hours
from chalicelib.domain.events import Notification, PhantomEvent
from chalicelib.domain.phantom import Explanation
from chalicelib.domain.ports import Port
from chalicelib.domain.readings import SensorLog
from chalicelib.domain.relays import Relay
from chalicelib.domain.replies import DeviceReply
from chalicelib.domain.states import DeviceState, Latest, PortState
from chalicelib.domain.times import SECOND_MS, iso, iso_or_none
from chalicelib.wire import devices as wire_devices
from chalicelib.wire import events as wire_events
from chalicelib.wire import history as wire_history
from chalicelib.wire import ports as wire_ports

UNKNOWN = PortState()
"""Of a port that has sent no reading yet."""


def device(shown: Device, known: DeviceState | None, now_ms: int) -> wire_devices.DevicePart:
    """A device with what is known of its ports."""
    states = known.ports if known else {}
    return wire_devices.DevicePart(
        device_id=shown.device_id,
        name=shown.name,
        status="online" if shown.online else "offline",
        liveness=_liveness(shown, now_ms),
        last_seen=iso_or_none(shown.last_seen_ms),
        latest=_latest_sensors(shown),
        ports=[
            wire_devices.DevicePortPart(
                port_id=port.port_id,
                name=port.name,
                channel=port.channel,
                status=states.get(port.port_id, UNKNOWN).status,
                latest=latest(states.get(port.port_id, UNKNOWN).latest),
            )
            for port in shown.ports
        ],
        created_at=iso(shown.created_at_ms),
        agent_version=shown.agent.version,
        dropped_readings=shown.agent.dropped_readings,
    )


def _liveness(shown: Device, now_ms: int) -> wire_devices.LivenessPart:
    explained = liveness.explain(shown.presence, shown.last_seen_ms, now_ms, online=shown.online)
    since = iso_or_none(explained.since_ms)
    return wire_devices.LivenessPart(state=explained.state, reason=explained.reason, since=since)


def _latest_sensors(shown: Device) -> wire_devices.LatestSensors | None:
    if shown.sensors is None or shown.sensors_at_ms is None:
        return None
    return wire_devices.LatestSensors(sensors=dict(shown.sensors), timestamp=iso(shown.sensors_at_ms))


def latest(newest: Latest | None) -> wire_ports.LatestReading | None:
    """The newest reading of a port."""
    if newest is None:
        return None
    return wire_ports.LatestReading(
        timestamp=iso(newest.at_ms),
        timestamp_ms=newest.at_ms,
        voltage=newest.voltage,
        current=newest.current,
        power=newest.power,
    )


def relay(shown: Relay) -> wire_ports.RelayPart:
    """Desired and reported state of a relay."""
    return wire_ports.RelayPart(
        desired=shown.desired,
        version=shown.version,
        reported=shown.reported,
        reported_version=shown.reported_version,
        reason=shown.reason,
        switched_by=shown.switched_by,
    )


def port(shown: Port, state: PortState = UNKNOWN) -> wire_ports.PortPart:
    """A port with what is known of it."""
    return wire_ports.PortPart(
        port_id=shown.port_id,
        device_id=shown.device_id,
        name=shown.name,
        channel=shown.channel,
        kind=shown.kind,
        threshold_watts=shown.threshold_watts,
        dwell_seconds=shown.dwell_seconds,
        policy=shown.policy,
        never_cut=shown.never_cut,
        status="off" if shown.relay.desired == "off" else state.status,
        latest=latest(state.latest),
        relay=relay(shown.relay),
    )


def command(shown: Port) -> wire_devices.RelayCommand:
    """What a device is told of one of its ports."""
    return wire_devices.RelayCommand(
        port_id=shown.port_id,
        channel=shown.channel,
        desired=shown.relay.desired,
        version=shown.relay.version,
        only_below_watts=shown.relay.only_below_watts,
        expires_at_ms=shown.relay.expires_at_ms,
    )


class ReplyFields(TypedDict):
    """The fields that end every answer to a device, as keyword arguments of an answer."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    relays: list[wire_devices.RelayCommand]


def reply_fields(reply: DeviceReply) -> ReplyFields:
    """A device reply, ready to be part of an answer."""
    return ReplyFields(
        server_time_ms=reply.server_time_ms,
        interval_seconds=reply.interval_seconds,
        heartbeat_seconds=reply.heartbeat_seconds,
        relays=[command(port) for port in reply.ports],
    )


def device_reply(reply: DeviceReply) -> wire_devices.DeviceReply:
    """The answer to a device that has nothing else to say."""
    return wire_devices.DeviceReply(**reply_fields(reply))


def claim(shown: Claim) -> wire_devices.ClaimAnswer:
    """A pairing under way, as the page shows it."""
    return wire_devices.ClaimAnswer(
        user_code=shown.user_code,
        device_id=shown.device_id,
        state=shown.state,
        expires_at=iso(shown.expires_at_ms),
    )


def sensor_log(shown: SensorLog) -> wire_devices.SensorLog:
    """What free sensors said at one time."""
    return wire_devices.SensorLog(timestamp=iso(shown.at_ms), timestamp_ms=shown.at_ms, sensors=dict(shown.values))


def phantom_event(shown: PhantomEvent) -> wire_events.PhantomEventPart:
    """A stretch of standby and what was done."""
    return wire_events.PhantomEventPart(
        event_id=shown.event_id,
        port_id=shown.port_id,
        port_name=shown.port_name,
        device_id=shown.device_id,
        detected_power=round(shown.detected_watts, 3),
        detected_at=iso(shown.detected_at_ms),
        started_at=iso(shown.started_at_ms),
        action_taken=shown.action,
        reason=shown.reason,
        outcome=shown.outcome,
        ended_at=iso_or_none(shown.ended_at_ms),
        verdict=shown.verdict,
    )


def notification(shown: Notification) -> wire_events.NotificationPart:
    """One sentence for a person."""
    return wire_events.NotificationPart(
        notification_id=shown.notification_id,
        kind=shown.kind,
        message=shown.message,
        at=iso(shown.at_ms),
        read=shown.read,
        port_id=shown.port_id,
        device_id=shown.device_id,
    )


def point(shown: Latest) -> wire_history.HistoryPoint:
    """A raw reading in a history."""
    return wire_history.HistoryPoint(
        timestamp=iso(shown.at_ms),
        timestamp_ms=shown.at_ms,
        voltage=shown.voltage,
        current=shown.current,
        power=shown.power,
    )


def usage_point(shown: Usage) -> wire_history.UsagePoint:
    """What was used in a stretch of time; energy to the microwatt-hour."""
    return wire_history.UsagePoint(
        timestamp=iso(shown.start_ms),
        timestamp_ms=shown.start_ms,
        seconds=shown.length_ms / SECOND_MS,
        watt_hours=round(watt_hours(shown.microjoules), 6),
        in_use_watt_hours=round(watt_hours(shown.in_use_microjoules), 6),
        standby_watt_hours=round(watt_hours(shown.standby_microjoules), 6),
        min_watts=_watts(shown.min_milliwatts),
        mean_watts=None if shown.mean_watts is None else round(shown.mean_watts, 3),
        max_watts=_watts(shown.max_milliwatts),
        covered_seconds=shown.covered_ms / SECOND_MS,
    )


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1_000


def explanation(port_id: str, shown: Explanation) -> wire_ports.DetectorAnswer:
    """Why the detector decides as it does."""
    return wire_ports.DetectorAnswer(
        port_id=port_id,
        threshold_watts=shown.threshold_watts,
        source=shown.source,
        standby_watts=shown.standby_watts,
        gap_to_watts=shown.gap_to_watts,
        histogram=[
            wire_ports.HistogramBar(from_watts=bar.from_watts, to_watts=bar.to_watts, minutes=bar.minutes)
            for bar in shown.histogram
        ],
        observed_minutes=shown.observed_minutes,
        idle_runs=shown.idle_runs,
        typical_idle_minutes=shown.typical_idle_minutes,
        dwell_seconds=shown.dwell_seconds,
        advice=shown.advice,
        waits_for=shown.waits_for,
    )


def backtest(
    port_id: str, cuts: Sequence[Cut], readings: int, read_until_ms: int | None, cursor: str | None
) -> wire_ports.BacktestAnswer:
    """A page of a backtest."""
    return wire_ports.BacktestAnswer(
        port_id=port_id,
        cuts=[_backtest_cut(cut) for cut in cuts],
        saved_watt_hours=round(sum(cut.saved_joules for cut in cuts) / 3_600, 3),
        wrong_cuts=sum(cut.wrong for cut in cuts),
        readings=readings,
        read_until=iso_or_none(read_until_ms),
        cursor=cursor,
    )


def _backtest_cut(shown: Cut) -> wire_ports.BacktestCut:
    return wire_ports.BacktestCut(
        at=iso(shown.at_ms),
        watts=round(shown.watts, 3),
        reason=shown.reason,
        restored_at=iso_or_none(shown.restored_at_ms),
        saved_watt_hours=round(shown.saved_joules / 3_600, 3),
        wrong=shown.wrong,
    )
