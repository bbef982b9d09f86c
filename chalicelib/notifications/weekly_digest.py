"""The weekly digest: when it is due, which week it covers, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from chalicelib.core.local_time import local, start_ms

DIGEST_HOUR = 7
"""On Mondays, local time."""
SUNDAY = 6
"""A digest is due on one only where the account's time zone has changed meanwhile."""
MOST_LINES = 20
"""Of outlets, and of devices, so that the mail stays short."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """An outlet that draws power while it is idle: its name, and the watts of its newest reading."""

    name: str
    watts: float


@dataclass(frozen=True, slots=True)
class Week:
    """A person's week.

    Attributes:
        cuts: The number of cuts.
        failed_cuts: The cuts that the watts contradicted.
        found: The phantom events with a notification only.
        drawing: The outlets that draw standby now.
        offline: The names of the devices that are offline now.
        energy: Sentences about energy.
    """

    cuts: int
    failed_cuts: int
    found: int
    drawing: Sequence[Drawing]
    offline: Sequence[str]
    energy: Sequence[str]


def headline(week: Week) -> str:
    """Sum up a week in one sentence."""
    return f"Your week: {_count(week.cuts, 'cut')}, {_count(len(week.drawing), 'outlet')} still drawing standby"


def text(week: Week) -> str:
    """Write the text of a digest."""
    lines = [f"{headline(week)}.", ""]
    lines.append(f"Cuts: {week.cuts}, of which {week.failed_cuts} failed. Found and only told: {week.found}.")
    lines += week.energy
    lines += _listed("Still drawing standby:", [f"{outlet.name}: {outlet.watts:.1f} W" for outlet in week.drawing])
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


def next_digest_ms(timezone: str, now_ms: int) -> int:
    """Find the next Monday morning, local time, after now (epoch ms)."""
    zone = ZoneInfo(timezone)
    today = local(now_ms, zone).date()
    monday = today - timedelta(days=today.weekday())
    this_week_ms = start_ms(monday, zone, DIGEST_HOUR)
    return this_week_ms if this_week_ms > now_ms else start_ms(monday + timedelta(weeks=1), zone, DIGEST_HOUR)


def digest_week(timezone: str, due_at_ms: int) -> tuple[int, int]:
    """Find the week of a digest: seven whole local days, so that no day is in two digests.

    Args:
        timezone: A name of the tz database.
        due_at_ms: When the digest is due (epoch ms), however late it is made.

    Returns:
        From Monday until before Monday (epoch ms).
    """
    zone = ZoneInfo(timezone)
    day = local(due_at_ms, zone).date()
    monday = day + timedelta(days=1) if day.weekday() == SUNDAY else day - timedelta(days=day.weekday())
    return start_ms(monday - timedelta(weeks=1), zone), start_ms(monday, zone)
