"""What the agent is doing right now, as the local page, the metrics and Home Assistant show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ghostwatt_pi.measurement import GAP_MS
from ghostwatt_pi.schemas import RelayState


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

    def is_stale(self, at_ms: int | None) -> bool:
        """Whether its measurement is so old at this moment that nobody knows what the outlet draws."""
        if at_ms is None or self.measured_at_ms is None:
            return False
        return at_ms - self.measured_at_ms > GAP_MS

    def current_at(self, at_ms: int | None) -> OutletSnapshot:
        """The same without a measurement that is stale."""
        return replace(self, voltage=None, current=None, power=None) if self.is_stale(at_ms) else self


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts are since the agent started; None where nothing is known yet.

    `settled` counts readings by what the cloud answered (stored, duplicate, rejected), `serial_errors` bad lines by
    sort. `waiting` is the spool's depth. `clock_offset_seconds` is the cloud's time less the Pi's.

    `at_ms` is when all this was so, on the clock of the measurements. `silent` are the channels whose readings stopped,
    `is_meter_silent` whether all did; `disk` says why the data folder cannot be written.

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
    at_ms: int | None = None
    silent: tuple[int, ...] = ()
    is_meter_silent: bool = False
    disk: str | None = None

    def for_strangers(self) -> Snapshot:
        """The same without what tells of a home's life: outlets, their power and relays."""
        return replace(self, outlets=(), silent=())
