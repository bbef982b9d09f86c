"""What the agent was last seen doing, kept in state.json for `ghostwatt-pi status`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ghostwatt_pi.home import write_private
from ghostwatt_pi.local.snapshot import Snapshot

WRITE_SECONDS = 60.0
"""An upload alone is written no more often: a card wears."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """`is_online`: whether the cloud answered last, None before the first call. `last_upload_at_ms`: the Pi's clock."""

    is_online: bool | None = None
    last_upload_at_ms: int | None = None
    trouble: str | None = None


class StateFile:
    """Keeps what of `snapshot` belongs there. An upload of an earlier run stays the last until there is one."""

    def __init__(self, path: Path, snapshot: Callable[[], Snapshot]) -> None:
        self._path, self._snapshot = path, snapshot
        self._last_upload_at_ms = read_state(path).last_upload_at_ms
        self._written, self._next_write = AgentState(), 0.0

    def follow(self) -> None:
        """At each turn of the agent: write at once whether the cloud is there, and an upload within a minute."""
        state = self._now()
        is_due = state.is_online != self._written.is_online or time.monotonic() >= self._next_write
        if is_due and state != self._written:
            self._write(state)

    def close(self) -> None:
        """Keep what is known at the end."""
        self._write(self._now())

    def _now(self) -> AgentState:
        seen = self._snapshot()
        return AgentState(seen.is_online, seen.last_upload_at_ms or self._last_upload_at_ms, seen.trouble)

    def _write(self, state: AgentState) -> None:
        self._written, self._next_write = state, time.monotonic() + WRITE_SECONDS
        write_private(self._path, json.dumps(asdict(state)) + "\n")


def read_state(path: Path) -> AgentState:
    """The state as it was last written; an empty one when there is none, or none that can be read."""
    try:
        return AgentState(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return AgentState()
