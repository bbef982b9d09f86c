"""From which addresses a person has logged in, as digests that tell nothing without the person's id."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.core.identifiers import digest
from chalicelib.core.times import DAY_MS

MOST_PLACES = 20
"""Those of a home line and a phone over some weeks."""
EXACT_TO_MS = DAY_MS
"""A log-in from the same place within a day writes nothing."""
PLACE_CHARACTERS = 32


def place(user_id: str, address: str) -> str:
    """What is stored of an address."""
    return digest(f"{user_id}#{address}")[:PLACE_CHARACTERS]


def remembered(known: Mapping[str, int], name: str, now_ms: int) -> Mapping[str, int]:
    """The known places after a log-in from one; those used longest ago make room.

    Args:
        known: When each place was last used, epoch ms.
        name: Where the person logs in from now.
        now_ms: The time of now.

    Returns:
        `known` itself where nothing is to be stored.
    """
    if 0 <= now_ms - known.get(name, -EXACT_TO_MS) < EXACT_TO_MS:
        return known
    newest = sorted({**known, name: now_ms}.items(), key=lambda used: -used[1])
    return dict(newest[:MOST_PLACES])
