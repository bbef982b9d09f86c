"""All outlets of a person at once, for reports of the home; bounded, since a report is one answer."""

from __future__ import annotations

from chalicelib.core.errors import Invalid
from chalicelib.detection.port_state import PortState
from chalicelib.ports import service as ports
from chalicelib.ports.model import Port

PORTS_A_READ = 200
MOST_DAYS_OF_QUARTERS = 12_000
"""32 outlets for a year: an outlet's day took half a millisecond on a PC, and API Gateway waits for 29 s."""
MOST_DAYS_OF_SLOTS = 2_000
"""66 outlets for a month: with five-minute slots it took five milliseconds."""


def all_of(owner_id: str, days: int, most: int, field: str | None = None) -> list[tuple[Port, PortState]]:
    """All of a person's ports with what is known of each.

    Raises Invalid, naming the field that asks for so many days, when outlets times days are more than `most`.
    """
    found, cursor = ports.of_owner(owner_id, PORTS_A_READ, None)
    while cursor and len(found) * days <= most:
        page, cursor = ports.of_owner(owner_id, PORTS_A_READ, cursor)
        found += page
    if len(found) * days > most:
        raise Invalid("These are too many outlets for so many days.", code="too_many_outlets", field=field)
    return found
