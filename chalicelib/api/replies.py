"""The fields that end every answer to a device."""

from __future__ import annotations

from typing import TypedDict

from chalicelib import views
from chalicelib.services.replies import DeviceReply
from chalicelib.wire.devices import RelayCommand


class ReplyFields(TypedDict):
    """The device reply as keyword arguments of an answer."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    relays: list[RelayCommand]


def reply_fields(reply: DeviceReply) -> ReplyFields:
    """A device reply, ready to be part of an answer."""
    return ReplyFields(
        server_time_ms=reply.server_time_ms,
        interval_seconds=reply.interval_seconds,
        heartbeat_seconds=reply.heartbeat_seconds,
        relays=[views.command(port) for port in reply.ports],
    )
