"""Devices: registration, claim, heartbeat, lists and free sensors."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import END, SIGN, Answer, DeviceId, EpochMs, Iso, Name, Part, Request
from chalicelib.detection.outlet_status import OutletStatus
from chalicelib.devices.liveness import LivenessState
from chalicelib.devices.pairing import ClaimState
from chalicelib.ports.relays import RelayState
from chalicelib.ports.schemas import Channel, LatestReading

SENSOR_NAME_PATTERN = rf"^{SIGN}{{1,64}}{END}"
SensorName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=SENSOR_NAME_PATTERN)]
SensorValue = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Sensors = Annotated[dict[SensorName, SensorValue], msgspec.Meta(min_length=1, max_length=64)]
Timestamp = str | int | float
"""ISO 8601 text (without an offset: UTC) or epoch milliseconds."""
PortId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


AgentVersion = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=rf"^[0-9A-Za-z.+_-]+{END}")]


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


class RelayReport(Request, frozen=True):
    """What the Pi did with a relay command."""

    port_id: PortId
    state: RelayState
    version: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    reason: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Heartbeat(Request, frozen=True):
    """dropped_readings is the running total of readings that the Pi's spool had no room for."""

    sent_at_ms: EpochMs | None = None
    relays: Annotated[list[RelayReport], msgspec.Meta(max_length=64)] = []
    dropped_readings: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    agent_version: AgentVersion | None = None


class RelayCommand(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The state that the cloud wants of one outlet, and under which conditions."""

    port_id: str
    channel: int
    desired: RelayState
    version: int
    only_below_watts: float | None = None
    expires_at_ms: int | None = None


class DeviceReply(Answer, frozen=True, kw_only=True):
    """The answer to every call of a device."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    relays: list[RelayCommand]


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
