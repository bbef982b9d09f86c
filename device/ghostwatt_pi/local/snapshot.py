"""A snapshot of the running agent, which the local page, the metrics and Home Assistant show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ghostwatt_pi.measurement import GAP_MS
from ghostwatt_pi.schemas import RelayState


@dataclass(frozen=True, slots=True)
class OutletSnapshot:
    """The newest measurement of an outlet, None before the first, and its relay.

    Attributes:
        channel: The meter's channel.
        state: The relay's state.
        voltage: Volts.
        current: Amps.
        power: Watts.
        measured_at_ms: When it was measured, epoch milliseconds of the Pi's clock.
        watt_hours: The energy used since the agent started, without gaps.
    """

    channel: int
    state: RelayState = "on"
    voltage: float | None = None
    current: float | None = None
    power: float | None = None
    measured_at_ms: int | None = None
    watt_hours: float = 0.0

    def is_stale(self, at_ms: int | None) -> bool:
        """Whether the measurement is too old to say what the outlet draws at this moment."""
        if at_ms is None or self.measured_at_ms is None:
            return False
        return at_ms - self.measured_at_ms > GAP_MS

    def current_at(self, at_ms: int | None) -> OutletSnapshot:
        """Return the outlet without its measurement if that is stale."""
        return replace(self, voltage=None, current=None, power=None) if self.is_stale(at_ms) else self


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the running agent. Counts begin when the agent starts; None stands for a value not known yet.

    Attributes:
        measured: Readings measured.
        settled: Readings by what the cloud answered: stored, duplicate, rejected.
        waiting: Readings in the buffer.
        dropped: Readings dropped from a full buffer.
        uploads: Batches that the cloud answered.
        calls_failed: Calls that failed.
        outages: The number of times that the cloud went away.
        is_online: Whether the cloud took the last call.
        cloud_away: Whether the cloud does not answer.
        trouble: Why the agent is not online.
        last_upload_at_ms: When the cloud last took a batch, epoch milliseconds of the Pi's clock.
        clock_offset_seconds: The cloud's time less the Pi's.
        serial_errors: Bad lines by sort.
        outlets: The outlets by channel.
        at_ms: The time of the snapshot, epoch milliseconds of the Pi's clock.
        silent: The channels whose readings have stopped.
        is_meter_silent: Whether all readings have stopped.
        slow: The seconds between readings of each channel whose readings come too rarely.
        disk: Why the data folder cannot be written.
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
    slow: Mapping[int, float] = field(default_factory=dict)
    disk: str | None = None

    def redacted(self) -> Snapshot:
        """Return the snapshot without anything about life at home: outlets, their power and relays."""
        return replace(self, outlets=(), silent=(), slow={})
