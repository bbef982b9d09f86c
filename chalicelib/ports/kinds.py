"""What a person says is plugged in, and what follows from it before anything has been learned."""

from __future__ import annotations

from dataclasses import dataclass

MAX_STANDBY_WATTS = 20.0
"""What draws more is not called standby: printers wait at 10 to 16 W, televisions and recorders at up to 20 W."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a kind of appliance.

    No kind allows a cut: a new port only notifies until its owner chooses the policy cut.

    Attributes:
        standby_below_watts: Standby of this kind lies below it and use above, until the outlet's own histogram shows
            its gap; None where that cannot be said.
        max_standby_watts: No learned standby is higher.
        min_dwell_minutes: Standby lasts at least this long before anything is done.
        programme_minutes: The same after a session that heated, and where the session was not seen.
        never_cut: Whether it must keep its power.
    """

    standby_below_watts: float | None = None
    max_standby_watts: float = MAX_STANDBY_WATTS
    min_dwell_minutes: int = 0
    programme_minutes: int = 0
    never_cut: bool = False


PROGRAMME_MINUTES = 130
"""Eco programmes of dishwashers dry for an hour and a half at a watt or two, washers soak, and then they go on: pauses
of two hours are seen, and a fold of a few minutes on each side is added. A machine that was filled with hot water
hardly heats: a dishwasher is waited for in any case."""
WASH_MINUTES = 60
"""A cold wash soaks for up to three quarters of an hour."""
PANEL_CARE_MINUTES = 120
"""An OLED screen evens out its pixels in standby, for up to an hour after it was switched off."""
INKJET_MINUTES = 240
"""Most inkjets clean their heads with ink when power returns: cut them overnight, not between two letters."""

UNKNOWN = Kind()
NEVER = Kind(never_cut=True)
KINDS: dict[str, Kind] = {
    "television": Kind(10.0, 30.0),
    "oled television": Kind(10.0, 30.0, PANEL_CARE_MINUTES),
    "set-top box": Kind(6.0, 25.0),
    "recorder": Kind(7.0, 25.0),
    "monitor": Kind(6.0),
    "computer": Kind(6.0),
    "console": Kind(6.0),
    "printer": Kind(20.0, 25.0),
    "inkjet printer": Kind(6.0, min_dwell_minutes=INKJET_MINUTES),
    "coffee machine": Kind(6.0),
    "microwave": Kind(6.0),
    "washing machine": Kind(4.0, min_dwell_minutes=WASH_MINUTES, programme_minutes=PROGRAMME_MINUTES),
    "washer-dryer": Kind(4.0, min_dwell_minutes=WASH_MINUTES, programme_minutes=PROGRAMME_MINUTES),
    "dishwasher": Kind(4.0, min_dwell_minutes=PROGRAMME_MINUTES),
    "dryer": Kind(4.0, min_dwell_minutes=60),
    "charger": Kind(4.0),
    "lamp": Kind(2.0),
    "audio": Kind(7.0),
    "amplifier": Kind(10.0, 25.0),
    "fridge or freezer": NEVER,
    "router or network": NEVER,
    "storage": NEVER,
    "heating control": NEVER,
    "pump": NEVER,
    "alarm clock": NEVER,
    "medical device": NEVER,
    "other": UNKNOWN,
    "unknown": UNKNOWN,
}
"""By the name a person picks. The watts are judgement, not a survey: above the standby of such appliances, below what
little use draws (a phone charges at about 5 W, a small LED lamp lights at 3 W)."""


ALIASES = {
    "tv": "television",
    "pc": "computer",
    "laptop": "computer",
    "fridge": "fridge or freezer",
    "freezer": "fridge or freezer",
    "refrigerator": "fridge or freezer",
    "router": "router or network",
    "network": "router or network",
    "nas": "storage",
    "heating": "heating control",
    "sump pump": "pump",
    "well pump": "pump",
    "condensate pump": "pump",
    "clock": "alarm clock",
    "clock radio": "alarm clock",
    "medical": "medical device",
    "cpap": "medical device",
    "washer": "washing machine",
    "washer dryer": "washer-dryer",
    "oled tv": "oled television",
    "oled": "oled television",
    "inkjet": "inkjet printer",
    "set top box": "set-top box",
    "receiver": "set-top box",
    "network audio": "amplifier",
}
"""Names that other clients send for the same: a fridge keeps its power by whatever name."""


def kind_of(name: str) -> Kind:
    """The kind of that name; one that is not listed is unknown."""
    return KINDS.get(ALIASES.get(name, name), UNKNOWN)
