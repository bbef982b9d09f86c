"""A port: one metered outlet, what its owner set, and its relay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from chalicelib.core.errors import Conflict
from chalicelib.devices.model import MAX_PORTS_PER_DEVICE
from chalicelib.ports.kinds import kind_of
from chalicelib.ports.relay_commands import Relay

Policy = Literal["observe", "notify", "cut"]
DEFAULT_THRESHOLD_WATTS = 10.0
"""Where a person gives a dwell and no threshold, and what parts idle from use before anything is known: the figure of
the usual guides."""
DEFAULT_DWELL_SECONDS = 1_800
"""Where a person gives a threshold and no dwell: half an hour."""
RIGHT_PER_WRONG = 5
"""One cut of an appliance in use weighs as much as five that were right: as long as the confirmed ones are fewer, the
detector only tells."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the owner set for a port, and what a person said of its cuts.

    threshold_watts or dwell_seconds is None where it is to be learned. undone_at_ms: a person last switched the outlet
    on at this time after a cut. uses_confirmed and false_cuts only grow: restores because the appliance was wanted
    again, and cuts said to be wrong. relay_off: the outlet is off, or about to be; its readings say nothing of the
    appliance.
    """

    kind: str = "unknown"
    policy: Policy = "notify"
    never_cut: bool = False
    threshold_watts: float | None = None
    dwell_seconds: int | None = None
    undone_at_ms: int | None = None
    uses_confirmed: int = 0
    false_cuts: int = 0
    relay_off: bool = False

    @property
    def dwell_ms(self) -> int:
        """The dwell of the fixed rule."""
        return 1_000 * (DEFAULT_DWELL_SECONDS if self.dwell_seconds is None else self.dwell_seconds)

    @property
    def is_fixed(self) -> bool:
        """Whether the person has set the rule: a threshold, or a dwell, as in "below 10 W for half an hour"."""
        return self.threshold_watts is not None or self.dwell_seconds is not None

    @property
    def is_protected(self) -> bool:
        """Whether this outlet must keep its power."""
        return self.never_cut or kind_of(self.kind).never_cut

    @property
    def has_lost_trust(self) -> bool:
        """Whether cuts said to be wrong outweigh those that were right."""
        return self.false_cuts * RIGHT_PER_WRONG > self.uses_confirmed

    def unjudged(self) -> Rule:
        """The same rule as if nobody had judged it yet, and free to cut: to try it on the past."""
        return replace(self, policy="cut", undone_at_ms=None, uses_confirmed=0, false_cuts=0, relay_off=False)


@dataclass(frozen=True, slots=True)
class Port:
    """A metered outlet of a device; threshold_watts and dwell_seconds are None where they are to be learned.

    revision counts the writes of settings and relay.
    """

    port_id: str
    device_uid: str
    device_id: str
    owner_id: str
    name: str
    channel: int
    kind: str = "unknown"
    threshold_watts: float | None = None
    dwell_seconds: int | None = None
    policy: Policy = "notify"
    never_cut: bool = False
    relay: Relay = field(default_factory=Relay)
    revision: int = 0

    @property
    def may_be_cut(self) -> bool:
        """Whether the detector may cut this outlet by itself: never-cut is a person's word, or the kind's."""
        return self.policy == "cut" and not self.rule.is_protected

    @property
    def rule(self) -> Rule:
        """What the detector needs to know of this port."""
        return Rule(
            kind=self.kind,
            policy=self.policy,
            never_cut=self.never_cut,
            threshold_watts=self.threshold_watts,
            dwell_seconds=self.dwell_seconds,
            undone_at_ms=self.relay.undone_at_ms,
            uses_confirmed=self.relay.uses_confirmed,
            false_cuts=self.relay.false_cuts,
            relay_off=self.relay.desired == "off",
        )


@dataclass(frozen=True, slots=True)
class PortChanged:
    """A person added an outlet, or changed its settings or relay."""

    port: Port

    @property
    def owner_id(self) -> str:
        """Whose port it is."""
        return self.port.owner_id


@dataclass(frozen=True, slots=True)
class RelayReported:
    """A device reported the state of a relay."""

    port: Port

    @property
    def owner_id(self) -> str:
        """Whose port it is."""
        return self.port.owner_id


@dataclass(frozen=True, slots=True)
class PortRemoved:
    """An outlet is gone."""

    port: Port

    @property
    def owner_id(self) -> str:
        """Whose port it is."""
        return self.port.owner_id


def make_port_id(device_uid: str, suffix: str) -> str:
    """A port's id names its device, so that one read finds it."""
    return f"{device_uid}-{suffix}"


def device_uid_of(port_id: str) -> str:
    """The device that a port id names."""
    return port_id.partition("-")[0]


def free_channel(taken: Iterable[int], wanted: int | None) -> int:
    """The channel for a port: the wanted one, else the lowest free.

    Raises Conflict when the wanted one is taken (channel_taken) or the device is full (too_many_ports).
    """
    used = set(taken)
    if len(used) >= MAX_PORTS_PER_DEVICE:
        raise Conflict(f"A device has at most {MAX_PORTS_PER_DEVICE} ports.", code="too_many_ports")
    if wanted in used:
        raise Conflict(f"Channel {wanted} has a port already.", code="channel_taken", field="channel")
    return wanted or next(channel for channel in range(1, MAX_PORTS_PER_DEVICE + 1) if channel not in used)
