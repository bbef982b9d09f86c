"""The agent's last state, kept in state.json for commands that look while the agent does not answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import discard_event
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.small_files import DamagedFile, read_object

WRITE_SECONDS = 60.0
"""How often a new upload or measurement is written at most: an SD card wears out."""


@dataclass(frozen=True, slots=True)
class NewestReading:
    """The newest measurement of an outlet: its power, and its time in epoch milliseconds of the Pi's clock."""

    watts: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class AgentState:
    """The state of the agent.

    Attributes:
        is_online: Whether the cloud answered last; None before the first call.
        last_upload_at_ms: When the cloud last took a batch, epoch milliseconds of the Pi's clock.
        trouble: Why the agent is not online.
        newest: The newest reading of each channel.
        silent: The channels whose readings have stopped.
        is_meter_silent: Whether all readings have stopped.
        slow: The seconds between readings of each channel whose readings come too rarely.
        disk: Why the data folder cannot be written.
    """

    is_online: bool | None = None
    last_upload_at_ms: int | None = None
    trouble: str | None = None
    newest: Mapping[int, NewestReading] = field(default_factory=dict)
    silent: tuple[int, ...] = ()
    is_meter_silent: bool = False
    slow: Mapping[int, float] = field(default_factory=dict)
    disk: str | None = None


class StateFile:
    """Writes the state from snapshots. The last upload of an earlier run counts until there is a new one."""

    def __init__(self, path: Path, snapshot: Callable[[], Snapshot], disk: Disk | None = None) -> None:
        self._path, self._snapshot, self._disk = path, snapshot, disk or Disk(discard_event)
        try:
            before = load_state(path)
        except DamagedFile as damaged:
            before = AgentState()
            self._disk.quarantine(damaged)
        self._last_upload_at_ms = before.last_upload_at_ms
        self._written, self._next_write = AgentState(), 0.0

    def follow(self) -> None:
        """Write a change of health immediately, other changes within a minute. Call it at each turn of the agent."""
        state = self.now()
        is_due = _health(state) != _health(self._written) or time.monotonic() >= self._next_write
        if is_due and state != self._written:
            self._write(state)

    def close(self) -> None:
        """Write the state at the end of a run."""
        self._write(self.now())

    def now(self) -> AgentState:
        """Return the state of this moment."""
        snapshot = self._snapshot()
        return AgentState(
            is_online=snapshot.is_online,
            last_upload_at_ms=snapshot.last_upload_at_ms or self._last_upload_at_ms,
            trouble=snapshot.trouble,
            newest={
                outlet.channel: NewestReading(outlet.power, outlet.measured_at_ms)
                for outlet in snapshot.outlets
                if outlet.power is not None and outlet.measured_at_ms is not None
            },
            silent=snapshot.silent,
            is_meter_silent=snapshot.is_meter_silent,
            slow=snapshot.slow,
            disk=snapshot.disk,
        )

    def _write(self, state: AgentState) -> None:
        self._written, self._next_write = state, time.monotonic() + WRITE_SECONDS
        self._disk.write(self._path, json.dumps(asdict(state)) + "\n")


def read_state(path: Path) -> AgentState:
    """Read the state as it was last written; an empty one when there is none that can be read."""
    try:
        return load_state(path)
    except DamagedFile:
        return AgentState()


def load_state(path: Path) -> AgentState:
    """Read the state as it was last written; an empty one when there is none. Raises DamagedFile."""
    try:
        return parse_state(read_object(path) or {})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedFile(path, f"{error} is not what it should be") from None


def parse_state(stored: Mapping[str, Any]) -> AgentState:
    """Parse the file or the agent's answer. Raises AttributeError, KeyError, TypeError, ValueError."""
    return AgentState(
        is_online=_optional(bool, stored.get("is_online")),
        last_upload_at_ms=_optional(int, stored.get("last_upload_at_ms")),
        trouble=_optional(str, stored.get("trouble")),
        newest={int(channel): _newest(fields) for channel, fields in stored.get("newest", {}).items()},
        silent=tuple(int(channel) for channel in stored.get("silent", ())),
        is_meter_silent=stored.get("is_meter_silent", False) is True,
        slow={int(channel): float(seconds) for channel, seconds in stored.get("slow", {}).items()},
        disk=_optional(str, stored.get("disk")),
    )


def _newest(fields: Mapping[str, Any]) -> NewestReading:
    return NewestReading(float(fields["watts"]), int(fields["at_ms"]))


def _optional(kind: type, value: Any) -> Any:
    """Raises TypeError."""
    if value is not None and type(value) is not kind:
        raise TypeError(f"{value!r}")
    return value


def _health(state: AgentState) -> object:
    return state.is_online, state.silent, state.is_meter_silent, tuple(state.slow), state.disk
