"""What is known of the ports of a device: the detector's memory, the newest reading, the phantom event under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.detection.detector_state import State
from chalicelib.detection.model import Outcome, Status
from chalicelib.readings.model import MeterReading


@dataclass(frozen=True, slots=True)
class PortState:
    """open_event_id is the phantom event that has not ended yet, outcome how far its cut has come.

    always_on: its owner was told that it is never off and never idle. is_counted: its meter has an energy counter.
    tells_held: its meter has said of readings how long they held.
    contradicted_version: the version of the relay's command "off" after which the outlet still drew power.
    silent_since_ms: the time of its last reading, as long as its owner has been told that its meter is silent.
    pace_ms: how far apart its readings come.
    """

    detector: State = field(default_factory=State)
    status: Status = "off"
    latest: MeterReading | None = None
    open_event_id: str | None = None
    outcome: Outcome | None = None
    always_on: bool = False
    is_counted: bool = False
    contradicted_version: int | None = None
    silent_since_ms: int | None = None
    pace_ms: float | None = None
    tells_held: bool = False


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The states of all ports of a device by port id; version counts the writes.

    dirty_hours are the hours whose usage has to be computed (again), as in energy/dirty_hours.py.
    """

    device_uid: str
    version: int = 0
    ports: Mapping[str, PortState] = field(default_factory=dict)
    dirty_hours: Mapping[int, int] = field(default_factory=dict)

    @property
    def watermark_ms(self) -> int:
        """The time of the newest reading of any port, 0 before the first."""
        return max((state.detector.watermark_ms for state in self.ports.values()), default=0)
