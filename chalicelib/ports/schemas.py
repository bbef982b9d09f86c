"""Ports in JSON, both ways: settings, relay, newest reading."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.schemas import END, Answer, DeviceId, DwellSeconds, Iso, Name, Part, Request
from chalicelib.core.times import iso
from chalicelib.detection import outlet_silence, outlet_status
from chalicelib.detection.outlet_status import OutletStatus
from chalicelib.detection.port_state import PortState
from chalicelib.ports.kinds import KINDS
from chalicelib.ports.model import Policy, Port
from chalicelib.ports.relay_commands import Relay, RelayState, SwitchedBy
from chalicelib.readings.model import MeterReading

Channel = Annotated[int, msgspec.Meta(ge=1, le=32)]
ThresholdWatts = Annotated[float, msgspec.Meta(ge=0.001, le=25_000)]
"""From a milliwatt: that is what is stored."""
Kind = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=rf"^[a-z][a-z /-]*{END}",
        description="What is plugged in: one of the examples; any other name counts as unknown.",
        examples=list(KINDS),
    ),
]


class CreatePort(Request, frozen=True):
    device_id: DeviceId
    name: Name
    channel: Channel | None = None
    kind: Kind = "unknown"
    threshold_watts: ThresholdWatts | None = None
    dwell_seconds: DwellSeconds | None = None
    policy: Policy = "notify"
    never_cut: bool = False


class ChangePort(Request, frozen=True):
    """Only the given fields change; null takes a given threshold or dwell back to the learned one."""

    name: Name | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    threshold_watts: ThresholdWatts | UnsetType | None = UNSET
    dwell_seconds: DwellSeconds | UnsetType | None = UNSET
    policy: Policy | UnsetType = UNSET
    never_cut: bool | UnsetType = UNSET


class SwitchPort(Request, frozen=True):
    state: RelayState


class RelayPart(Part, frozen=True, kw_only=True):
    """Desired is what the cloud wants, reported what the Pi says; they differ while a command is under way."""

    desired: RelayState
    version: int
    reported: RelayState | None
    reported_version: int | None
    reason: str | None
    switched_by: SwitchedBy | None


class LatestReading(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The newest reading; power is the mean over the heldMs up to its time. Volts and amps are null without any."""

    timestamp: Iso
    timestamp_ms: int
    voltage: float | None
    current: float | None
    power: float
    held_ms: int = 0


class PortPart(Part, frozen=True, kw_only=True):
    """An outlet. silentSinceMs is the time of its last reading while its status is silent, else null."""

    port_id: str
    device_id: str
    name: str
    channel: int
    kind: str
    threshold_watts: float | None
    dwell_seconds: int | None
    policy: Policy
    never_cut: bool
    status: OutletStatus
    silent_since_ms: int | None
    latest: LatestReading | None
    relay: RelayPart


class PortAnswer(PortPart, frozen=True, kw_only=True):
    """One port, its fields at the top level."""

    success: bool = True


class PortList(Answer, frozen=True, kw_only=True):
    ports: list[PortPart]
    cursor: str | None


class SwitchAnswer(Answer, frozen=True, kw_only=True):
    port_id: str
    version: int
    relay: RelayPart


NO_READINGS = PortState()
"""The state of a port that has sent no reading yet."""


def reading_part(newest: MeterReading | None) -> LatestReading | None:
    """The newest reading of a port."""
    if newest is None:
        return None
    return LatestReading(
        timestamp=iso(newest.at_ms),
        timestamp_ms=newest.at_ms,
        voltage=newest.voltage,
        current=newest.current,
        power=newest.power,
        held_ms=newest.held_ms,
    )


def relay_part(relay: Relay) -> RelayPart:
    """Desired and reported state of a relay."""
    return RelayPart(
        desired=relay.desired,
        version=relay.version,
        reported=relay.reported,
        reported_version=relay.reported_version,
        reason=relay.reason,
        switched_by=relay.switched_by,
    )


def port_part(port: Port, state: PortState = NO_READINGS, heard_ms: int | None = None) -> PortPart:
    """A port with its state; heard_ms: its device's readings have come up to then (detection/outlet_silence.py)."""
    return PortPart(
        port_id=port.port_id,
        device_id=port.device_id,
        name=port.name,
        channel=port.channel,
        kind=port.kind,
        threshold_watts=port.threshold_watts,
        dwell_seconds=port.dwell_seconds,
        policy=port.policy,
        never_cut=port.never_cut,
        status=outlet_status.status_of_outlet(port, state, heard_ms),
        silent_since_ms=outlet_silence.since_ms(state, heard_ms),
        latest=reading_part(state.latest),
        relay=relay_part(port.relay),
    )


def port_answer(port: Port, state: PortState, heard_ms: int | None) -> PortAnswer:
    """An outlet as the one thing that is asked for; arguments as in port_part."""
    part = port_part(port, state, heard_ms)
    return PortAnswer(**{field: getattr(part, field) for field in PortPart.__struct_fields__})
