"""JSON of heartbeats and of the reply that every call of a device gets."""

from __future__ import annotations

from typing import Annotated, TypedDict

import msgspec

from chalicelib.core.schemas import END, Answer, EpochMs, Part, Request
from chalicelib.detection import device_reply
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import RelayState

PortId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
AgentVersion = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=rf"^[0-9A-Za-z.+_-]+{END}")]


ACCEPTS = ("heldMs", "nullVolts")
"""What a device may send since a later release than the first. Older servers refuse it, and do not say this."""


class RelayReport(Request, frozen=True):
    """What the Pi did with a relay command."""

    port_id: PortId
    state: RelayState
    version: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    reason: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Heartbeat(Request, frozen=True):
    """A device's sign of life; dropped_readings is the running total that its full buffer dropped."""

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
    """The answer to every call of a device; accepts says what a device may send that older servers refuse."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    relays: list[RelayCommand]
    accepts: list[str]


class ReplyFields(TypedDict):
    """The fields of a device reply, as keyword arguments of an answer that contains them."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    relays: list[RelayCommand]
    accepts: list[str]


def relay_command(port: Port) -> RelayCommand:
    """The desired relay state of a port, for its device."""
    return RelayCommand(
        port_id=port.port_id,
        channel=port.channel,
        desired=port.relay.desired,
        version=port.relay.version,
        only_below_watts=port.relay.only_below_watts,
        expires_at_ms=port.relay.expires_at_ms,
    )


def reply_fields(reply: device_reply.DeviceReply) -> ReplyFields:
    """The fields of a device reply."""
    return ReplyFields(
        server_time_ms=reply.server_time_ms,
        interval_seconds=reply.interval_seconds,
        heartbeat_seconds=reply.heartbeat_seconds,
        relays=[relay_command(port) for port in reply.ports],
        accepts=[*ACCEPTS],
    )


def reply_answer(reply: device_reply.DeviceReply) -> DeviceReply:
    """A device reply without further fields."""
    return DeviceReply(**reply_fields(reply))
