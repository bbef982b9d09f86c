"""JSON of devices: registration, pairing, lists."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import Answer, DeviceId, Iso, Name, Part, Request
from chalicelib.core.times import iso, iso_or_none
from chalicelib.core.units import units_of
from chalicelib.detection import outlet_silence
from chalicelib.detection.outlet_status import OutletStatus
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.devices.liveness import LivenessState, explain_liveness
from chalicelib.devices.model import Device, PortName
from chalicelib.devices.pairing import Claim, ClaimState
from chalicelib.ports.schemas import NO_READINGS, Channel, LatestReading, reading_part

LIST_FIELDS = frozenset({"device_id", "name", "status", "last_seen"})
"""Fields of GET /devices: a sensor of such a name is left out there."""


class RegisterDevice(Request, frozen=True):
    device_id: DeviceId
    device_name: Name = "My Device"


class DeviceKey(Answer, frozen=True, kw_only=True):
    """The key is shown here and never again."""

    device_id: str
    api_key: str


class ClaimedKey(DeviceKey, frozen=True, kw_only=True):
    """ownerTag is the same whenever this account claims this device, and tells nothing else about the account."""

    owner_tag: str


class StartClaim(Request, frozen=True):
    device_id: DeviceId


class ClaimStarted(Answer, frozen=True, kw_only=True):
    """As in RFC 8628, section 3.2; seconds for expires_in and interval."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class PollClaim(Request, frozen=True):
    device_code: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class ApproveClaim(Request, frozen=True):
    user_code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    device_name: Name | None = None


class DenyClaim(Request, frozen=True):
    user_code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    device_name: Name | None = None


class ClaimAnswer(Answer, frozen=True, kw_only=True):
    """What the page shows before a person approves."""

    user_code: str
    device_id: str
    state: ClaimState
    expires_at: Iso


class LatestSensors(Part, frozen=True, kw_only=True):
    """The newest values. units are hints by the sensors' names."""

    sensors: dict[str, float]
    units: dict[str, str]
    timestamp: Iso


class DevicePortPart(Part, frozen=True, kw_only=True):
    """What the list of devices says of a port; the whole of it is in the list of ports."""

    port_id: str
    name: str
    channel: Channel
    status: OutletStatus
    silent_since_ms: int | None
    latest: LatestReading | None


class LivenessPart(Part, frozen=True, kw_only=True):
    """How a device is, and why in one sentence with figures; late is online, but overdue."""

    state: LivenessState
    reason: str
    since: Iso | None


class DevicePart(Part, frozen=True, kw_only=True):
    """status is what counts; liveness explains it. dropped_readings and agent_version are what its Pi last said."""

    device_id: str
    name: str
    status: Literal["online", "offline"]
    liveness: LivenessPart
    last_seen: Iso | None
    latest: LatestSensors | None
    ports: list[DevicePortPart]
    created_at: Iso
    agent_version: str | None
    dropped_readings: int | None


class DeviceList(Answer, frozen=True, kw_only=True):
    devices: list[DevicePart]
    cursor: str | None


class DeviceAnswer(Answer, frozen=True, kw_only=True):
    device: DevicePart


class RenameDevice(Request, frozen=True):
    name: Name


class RotateKey(Request, frozen=True):
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class AddDevice(Request, frozen=True, rename=None):
    """The dashboard guide's form of registration."""

    device_id: DeviceId
    name: Name


def device_part(device: Device, state: DeviceState | None, now_ms: int, heard_ms: int | None = None) -> DevicePart:
    """A device with the states of its ports.

    Args:
        device: The device.
        state: What is stored of its ports; None for nothing.
        now_ms: The current time.
        heard_ms: Up to when its readings have come (detection/outlet_silence.py).
    """
    states = state.ports if state else {}
    return DevicePart(
        device_id=device.device_id,
        name=device.name,
        status="online" if device.online else "offline",
        liveness=_liveness(device, now_ms),
        last_seen=iso_or_none(device.last_seen_ms),
        latest=_latest_sensors(device),
        ports=[_port(port, states.get(port.port_id, NO_READINGS), heard_ms) for port in device.ports],
        created_at=iso(device.created_at_ms),
        agent_version=device.agent.version,
        dropped_readings=device.agent.dropped_readings,
    )


def _port(port: PortName, state: PortState, heard_ms: int | None) -> DevicePortPart:
    silent_since_ms = outlet_silence.since_ms(state, heard_ms)
    return DevicePortPart(
        port_id=port.port_id,
        name=port.name,
        channel=port.channel,
        status=state.status if silent_since_ms is None else "silent",
        silent_since_ms=silent_since_ms,
        latest=reading_part(state.latest),
    )


def _liveness(device: Device, now_ms: int) -> LivenessPart:
    explained = explain_liveness(device.presence, device.last_seen_ms, now_ms, online=device.online)
    since = iso_or_none(explained.since_ms)
    return LivenessPart(state=explained.state, reason=explained.reason, since=since)


def _latest_sensors(device: Device) -> LatestSensors | None:
    if device.sensors is None or device.sensors_at_ms is None:
        return None
    return LatestSensors(
        sensors=dict(device.sensors), units=units_of(device.sensors), timestamp=iso(device.sensors_at_ms)
    )


def claim_answer(claim: Claim) -> ClaimAnswer:
    """A pairing under way."""
    return ClaimAnswer(
        user_code=claim.user_code,
        device_id=claim.device_id,
        state=claim.state,
        expires_at=iso(claim.expires_at_ms),
    )
