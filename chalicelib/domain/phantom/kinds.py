"""What a person says is plugged in, and what follows from it before anything has been learned."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a kind of appliance.

    standby_below_watts: standby of this kind lies below it and use above, None where that cannot be said;
    never_cut: must keep its power; programme: runs programmes with heat. Of no kind does it follow that it may be cut:
    a new port only tells until its owner says cut.
    """

    standby_below_watts: float | None = None
    never_cut: bool = False
    programme: bool = False


UNKNOWN = Kind()
KINDS: dict[str, Kind] = {
    "television": Kind(10.0),
    "monitor": Kind(6.0),
    "computer": Kind(6.0),
    "console": Kind(6.0),
    "printer": Kind(6.0),
    "coffee machine": Kind(6.0),
    "microwave": Kind(6.0),
    "washing machine": Kind(4.0, programme=True),
    "dishwasher": Kind(4.0, programme=True),
    "dryer": Kind(4.0, programme=True),
    "charger": Kind(4.0),
    "lamp": Kind(2.0),
    "audio": Kind(7.0),
    "recorder": Kind(7.0),
    "fridge or freezer": Kind(never_cut=True),
    "router or network": Kind(never_cut=True),
    "storage": Kind(never_cut=True),
    "heating control": Kind(never_cut=True),
    "other": UNKNOWN,
    "unknown": UNKNOWN,
}
"""By the name a person picks. The watts are judgement, not a survey: above the standby of such appliances in the
development recordings, below what little use draws (a phone charges at about 5 W, a small LED lamp lights at 3 W). They
count only until the outlet's own histogram shows its gap."""


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
}
"""Names that other clients send for the same: a fridge keeps its power by whatever name."""


def kind_of(name: str) -> Kind:
    """The kind of that name; one that is not listed is unknown."""
    return KINDS.get(ALIASES.get(name, name), UNKNOWN)
