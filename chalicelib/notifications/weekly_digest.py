"""The weekly digest: what one week was about, in plain text; notifications/digest_service.py gathers what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawing:
    """An outlet that draws power while it is idle, in watts at its newest reading."""

    name: str
    watts: float


@dataclass(frozen=True, slots=True)
class Week:
    """A person's week: cuts and how many failed, stretches only told, what draws now, who is offline, energy lines."""

    cuts: int
    failed_cuts: int
    found: int
    drawing: Sequence[Drawing]
    offline: Sequence[str]
    energy: Sequence[str]


MOST_LINES = 20
"""Of outlets and of devices: a mail is read, not searched."""


def headline(week: Week) -> str:
    """The digest in one sentence."""
    return f"Your week: {_count(week.cuts, 'cut')}, {_count(len(week.drawing), 'outlet')} still drawing standby"


def text(week: Week) -> str:
    """The digest in full."""
    lines = [f"{headline(week)}.", ""]
    lines.append(f"Cuts: {week.cuts}, of which {week.failed_cuts} failed. Found and only told: {week.found}.")
    lines += week.energy
    lines += _listed("Still drawing standby:", [f"{each.name}: {each.watts:.1f} W" for each in week.drawing])
    lines += _listed("Offline now:", week.offline)
    return "\n".join(lines)


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = len(names) - MOST_LINES
    rest = [f"- and {more} more"] if more > 0 else []
    return ["", title, *(f"- {name}" for name in names[:MOST_LINES]), *rest]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
