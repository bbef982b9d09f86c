"""The outlets of the demo's Pi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a person chose for an outlet; `profile` is the appliance that the Pi simulates on it."""

    name: str
    kind: str
    profile: str
    policy: Literal["notify", "cut"]
    threshold_watts: float
    dwell_seconds: int
    never_cut: bool = False

    def as_json(self) -> dict[str, object]:
        """As POST /port takes it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "policy": self.policy,
            "thresholdWatts": self.threshold_watts,
            "dwellSeconds": self.dwell_seconds,
            "neverCut": self.never_cut,
        }


OUTLETS = (
    Outlet("Television", "television", "television", "cut", 10, 20),
    Outlet("Game console", "console", "console", "cut", 15, 40),
    Outlet("Washing machine", "washing machine", "washing-machine", "notify", 10, 60),
    Outlet("Fridge", "fridge or freezer", "fridge", "cut", 10, 40, never_cut=True),
)
