"""Devices, their pairing, what their free sensors said, and what they are told."""

from __future__ import annotations

from typing import TypedDict

from chalicelib.core.times import iso, iso_or_none
from chalicelib.core.units import units_of
from chalicelib.detection import silence
from chalicelib.detection.device_reply import DeviceReply
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.devices import schemas as wire
from chalicelib.devices.liveness import explain_liveness
from chalicelib.devices.model import Device, PortName
from chalicelib.devices.pairing import Claim
from chalicelib.ports.model import Port
from chalicelib.ports.schemas import NO_READINGS, reading_part


def device(shown: Device, known: DeviceState | None, now_ms: int, heard_ms: int | None = None) -> wire.DevicePart:
    """A device with what is known of its ports; heard_ms: its readings have come up to then (detection/silence.py)."""
    states = known.ports if known else {}
    return wire.DevicePart(
        device_id=shown.device_id,
        name=shown.name,
        status="online" if shown.online else "offline",
        liveness=_liveness(shown, now_ms),
        last_seen=iso_or_none(shown.last_seen_ms),
        latest=_latest_sensors(shown),
        ports=[_port(port, states.get(port.port_id, NO_READINGS), heard_ms) for port in shown.ports],
        created_at=iso(shown.created_at_ms),
        agent_version=shown.agent.version,
        dropped_readings=shown.agent.dropped_readings,
    )


def _port(shown: PortName, state: PortState, heard_ms: int | None) -> wire.DevicePortPart:
    silent_since_ms = silence.since_ms(state, heard_ms)
    return wire.DevicePortPart(
        port_id=shown.port_id,
        name=shown.name,
        channel=shown.channel,
        status=state.status if silent_since_ms is None else "silent",
        silent_since_ms=silent_since_ms,
        latest=reading_part(state.latest),
    )


def _liveness(shown: Device, now_ms: int) -> wire.LivenessPart:
    explained = explain_liveness(shown.presence, shown.last_seen_ms, now_ms, online=shown.online)
    since = iso_or_none(explained.since_ms)
    return wire.LivenessPart(state=explained.state, reason=explained.reason, since=since)


def _latest_sensors(shown: Device) -> wire.LatestSensors | None:
    if shown.sensors is None or shown.sensors_at_ms is None:
        return None
    return wire.LatestSensors(
        sensors=dict(shown.sensors), units=units_of(shown.sensors), timestamp=iso(shown.sensors_at_ms)
    )


def command(shown: Port) -> wire.RelayCommand:
    """What a device is told of one of its ports."""
    return wire.RelayCommand(
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
    relays: list[wire.RelayCommand]


def reply_fields(reply: DeviceReply) -> ReplyFields:
    """A device reply, ready to be part of an answer."""
    return ReplyFields(
        server_time_ms=reply.server_time_ms,
        interval_seconds=reply.interval_seconds,
        heartbeat_seconds=reply.heartbeat_seconds,
        relays=[command(port) for port in reply.ports],
    )


def device_reply(reply: DeviceReply) -> wire.DeviceReply:
    """The answer to a device that has nothing else to say."""
    return wire.DeviceReply(**reply_fields(reply))


def claim(shown: Claim) -> wire.ClaimAnswer:
    """A pairing under way, as the page shows it."""
    return wire.ClaimAnswer(
        user_code=shown.user_code,
        device_id=shown.device_id,
        state=shown.state,
        expires_at=iso(shown.expires_at_ms),
    )
