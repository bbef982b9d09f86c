"""A port: one metered outlet, what its owner set, and its relay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.core.errors import Conflict
from chalicelib.detection.phantom import Policy, Rule
from chalicelib.devices.model import MAX_PORTS_PER_DEVICE
from chalicelib.ports.relays import Relay


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


def port_id(device_uid: str, suffix: str) -> str:
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
