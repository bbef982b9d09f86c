"""What the agent is doing right now, as the local page, the metrics and Home Assistant show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ghostwatt_pi.wire import RelayState


@dataclass(frozen=True, slots=True)
class OutletSnapshot:
    """The newest measurement of an outlet (None before the first) and its relay.

    `watt_hours` is what it has used since the agent started, gaps left out.
    """

    channel: int
    state: RelayState = "on"
    voltage: float | None = None
    current: float | None = None
    power: float | None = None
    measured_at_ms: int | None = None
    watt_hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts are since the agent started; None where nothing is known yet.

    `settled` counts readings by what the cloud answered (stored, duplicate, rejected), `serial_errors` bad lines by
    sort. `waiting` is the spool's depth. `clock_offset_seconds` is the cloud's time less the Pi's.

    `is_online`: whether the cloud took the last call; if not, `trouble` says why. `cloud_away`: it did not answer.
    """

    measured: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)
    waiting: int | None = None
    dropped: int = 0
    uploads: int = 0
    calls_failed: int = 0
    outages: int = 0
    is_online: bool | None = None
    cloud_away: bool = False
    trouble: str | None = None
    last_upload_at_ms: int | None = None
    clock_offset_seconds: float | None = None
    serial_errors: Mapping[str, int] = field(default_factory=dict)
    outlets: tuple[OutletSnapshot, ...] = ()

    def for_strangers(self) -> Snapshot:
        """The same without what tells of a home's life: outlets, their power and relays."""
        return replace(self, outlets=())
