"""What the agent was last seen doing, kept in state.json for `ghostwatt-pi status`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ghostwatt_pi.home import write_private
from ghostwatt_pi.tell import Tell

WRITE_SECONDS = 60.0
"""An upload alone is written no more often: a card wears."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """`is_online`: whether the cloud answered last, None before the first call. `last_upload_at_ms`: the Pi's clock."""

    is_online: bool | None = None
    last_upload_at_ms: int | None = None
    trouble: str | None = None


CHANGES: dict[str, dict[str, object]] = {
    "uploaded": {"is_online": True, "trouble": None},
    "back": {"is_online": True, "trouble": None},
    "away": {"is_online": False, "trouble": "the cloud cannot be reached"},
    "key_refused": {"is_online": False, "trouble": "the cloud refuses this device's key"},
}
"""What an event says of the state."""


class StateKeeper:
    """A Tell that passes every event on, and keeps what it says of the state."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self.state = replace(read_state(path), is_online=None, trouble=None)
        self._path, self._tell = path, tell
        self._written, self._next_write = AgentState(), 0.0

    def __call__(self, event: str, **fields: object) -> None:
        """Tell it."""
        self._tell(event, **fields)
        if event in CHANGES:
            changed = AgentState(**{**asdict(self.state), **CHANGES[event]})
            self.state = replace(changed, last_upload_at_ms=_now_ms()) if event == "uploaded" else changed
            self._write_if_due()

    def close(self) -> None:
        """Keep what is known at the end."""
        self._write()

    def _write(self) -> None:
        self._written, self._next_write = self.state, time.monotonic() + WRITE_SECONDS
        write_private(self._path, json.dumps(asdict(self.state)) + "\n")

    def _write_if_due(self) -> None:
        if self.state.is_online != self._written.is_online or time.monotonic() >= self._next_write:
            self._write()


def read_state(path: Path) -> AgentState:
    """The state as it was last written; an empty one when there is none, or none that can be read."""
    try:
        return AgentState(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return AgentState()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
