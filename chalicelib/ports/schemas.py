"""Ports: metered outlets, their settings and relays."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.schemas import END, Answer, DeviceId, DwellSeconds, Iso, Name, Part, Request
from chalicelib.ports.kinds import KINDS

Policy = Literal["observe", "notify", "cut"]
OutletStatus = Literal["active", "standby", "off", "silent"]
"""silent: its device goes on, but no reading of it has come for long."""
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
    """Only the fields given change; null takes a given threshold or dwell back to the learned one."""

    name: Name | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    threshold_watts: ThresholdWatts | UnsetType | None = UNSET
    dwell_seconds: DwellSeconds | UnsetType | None = UNSET
    policy: Policy | UnsetType = UNSET
    never_cut: bool | UnsetType = UNSET


class SwitchPort(Request, frozen=True):
    state: Literal["on", "off"]


class RelayPart(Part, frozen=True, kw_only=True):
    """Desired is what the cloud wants, reported what the Pi says; they differ while a command is under way."""

    desired: Literal["on", "off"]
    version: int
    reported: Literal["on", "off"] | None
    reported_version: int | None
    reason: str | None
    switched_by: Literal["person", "detector"] | None


class LatestReading(Part, frozen=True, kw_only=True):
    timestamp: Iso
    timestamp_ms: int
    voltage: float
    current: float
    power: float


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


class HistogramBar(Part, frozen=True, kw_only=True):
    """Minutes spent between two powers."""

    from_watts: float
    to_watts: float
    minutes: int


class DetectorAnswer(Answer, frozen=True, kw_only=True):
    """Why the detector decides as it does for a port.

    source says where the threshold comes from: given, learned, kind, default or none (always on so far).
    """

    port_id: str
    threshold_watts: float | None
    source: Literal["given", "learned", "kind", "default", "none"]
    standby_watts: float | None
    gap_to_watts: float | None
    histogram: list[HistogramBar]
    observed_minutes: int
    idle_runs: int
    typical_idle_minutes: float
    dwell_seconds: int
    advice: Literal["cut", "notify"]
    waits_for: str


class RunBacktest(Request, frozen=True):
    """How many days back, and any change of the rule; without a policy it is replayed as if it might cut."""

    days: Annotated[int, msgspec.Meta(ge=1, le=400)]
    policy: Policy | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    threshold_watts: ThresholdWatts | UnsetType | None = UNSET
    dwell_seconds: DwellSeconds | UnsetType | None = UNSET
    never_cut: bool | UnsetType = UNSET
    cursor: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)] | None = None


class BacktestCut(Part, frozen=True, kw_only=True):
    """A cut that would have been made; restoredAt is when use would have ended it (null: it still stands)."""

    at: Iso
    watts: float
    reason: str
    restored_at: Iso | None
    saved_watt_hours: float
    wrong: bool


class BacktestAnswer(Answer, frozen=True, kw_only=True):
    """One page: sum the pages for the whole. readUntil says how far it got; cursor goes on, null at the end."""

    port_id: str
    cuts: list[BacktestCut]
    saved_watt_hours: float
    wrong_cuts: int
    readings: int
    read_until: Iso | None
    cursor: str | None
