"""What every call of a device is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.ports.model import Port


@dataclass(frozen=True, slots=True)
class DeviceReply:
    """The time of the server, the pace to keep, and all ports with the relay states that are wanted."""

    server_time_ms: int
    interval_seconds: int
    heartbeat_seconds: int
    ports: Sequence[Port]
