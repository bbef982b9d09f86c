"""The outlets of the demo's Pi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a person chose for an outlet (None: learned); `profile` is the appliance that the Pi simulates on it."""

    name: str
    kind: str
    profile: str
    policy: Literal["notify", "cut"]
    threshold_watts: float | None = None
    dwell_seconds: int | None = None
    never_cut: bool = False

    def as_json(self) -> dict[str, object]:
        """As POST /port takes it."""
        chosen = {"thresholdWatts": self.threshold_watts, "dwellSeconds": self.dwell_seconds}
        given = {name: value for name, value in chosen.items() if value is not None}
        return {"name": self.name, "kind": self.kind, "policy": self.policy, "neverCut": self.never_cut, **given}


OUTLETS = (
    Outlet("Television", "television", "television", "cut", 10, 20),
    Outlet("Game console", "console", "console", "cut", 15, 40),
    Outlet("Washing machine", "washing machine", "washing-machine", "notify", 10, 60),
    Outlet("Fridge", "fridge or freezer", "fridge", "cut", never_cut=True),
)
