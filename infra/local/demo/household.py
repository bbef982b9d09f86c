"""The demo's household: its outlets, what each appliance draws at a moment, and when somebody uses it.

Habits vary from day to day by a seeded chance, so that the same seed gives the same household.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Spells = Sequence[tuple[float, float]]
"""Stretches of use of one day, as hours since midnight."""
SATURDAY = 5


@dataclass(frozen=True)
class Appliance:
    """Draws in_use_watts while it is used, else standby_watts; `habits` gives a day's spells of use."""

    in_use_watts: float
    standby_watts: float
    habits: Callable[[random.Random, bool], Spells]

    def is_used(self, at: datetime) -> bool:
        """Whether somebody uses it at this moment."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        chance = random.Random(f"{self.in_use_watts} {midnight.date()}")  # noqa: S311 - habits are no secret
        hour = (at - midnight) / timedelta(hours=1)
        return any(begin <= hour < end for begin, end in self.habits(chance, midnight.weekday() >= SATURDAY))

    def watts(self, at: datetime) -> float:
        """The power at this moment, to a tenth of a watt, with a little noise."""
        noise = random.Random(at.timestamp()).uniform(0.97, 1.03)  # noqa: S311 - noise is no secret
        return round((self.in_use_watts if self.is_used(at) else self.standby_watts) * noise, 1)


def _evenings(chance: random.Random, weekend: bool) -> Spells:
    begin = chance.uniform(18.5, 20.5)
    evening = (begin, min(23.9, begin + chance.uniform(1.5, 3.5)))
    return [(9.5, 9.5 + chance.uniform(0.5, 2)), evening] if weekend else [evening]


def _some_afternoons(chance: random.Random, weekend: bool) -> Spells:
    if chance.random() > (0.9 if weekend else 0.5):
        return []
    begin = chance.uniform(14, 17)
    return [(begin, begin + chance.uniform(0.7, 2.5))]


def _wash_days(chance: random.Random, weekend: bool) -> Spells:
    begin = chance.uniform(9, 16)
    return [(begin, begin + 1.4)] if chance.random() < (0.8 if weekend else 0.25) else []


def _compressor(_chance: random.Random, _weekend: bool) -> Spells:
    return [(half_hour / 2, half_hour / 2 + 0.2) for half_hour in range(48)]


APPLIANCES = (
    Appliance(92.0, 2.8, _evenings),
    Appliance(118.0, 8.4, _some_afternoons),
    Appliance(640.0, 1.6, _wash_days),
    Appliance(84.0, 1.1, _compressor),
)
"""In the order of the demo's outlets: television, game console, washing machine, fridge."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """The settings of an outlet (None: learned); `profile` is the appliance that the Pi simulates on it."""

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
        settings = {name: value for name, value in chosen.items() if value is not None}
        return {"name": self.name, "kind": self.kind, "policy": self.policy, "neverCut": self.never_cut, **settings}


OUTLETS = (
    Outlet("Television", "television", "television", "cut", 10, 20),
    Outlet("Game console", "console", "console", "cut", 15, 40),
    Outlet("Washing machine", "washing machine", "washing-machine", "notify", 10, 60),
    Outlet("Fridge", "fridge or freezer", "fridge", "cut", never_cut=True),
)
