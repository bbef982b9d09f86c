"""Where a person has logged in from: browsers and addresses, as digests that tell nothing without the person's id."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.domain.identity import digest
from chalicelib.domain.times import DAY_MS

MOST_PLACES = 20
"""A few browsers, and the addresses of a home line and a phone over some weeks."""
EXACT_TO_MS = DAY_MS
"""A log-in from the same place within a day writes nothing."""
PLACE_CHARACTERS = 32


def place(user_id: str, kind: str, name: str) -> str:
    """What is stored of a place: `name` is a browser's secret, or an address."""
    return digest(f"{user_id}#{kind}#{name}")[:PLACE_CHARACTERS]


def remembered(known: Mapping[str, int], places: Collection[str], now_ms: int) -> Mapping[str, int]:
    """The known places after a log-in from these; those used longest ago make room.

    Args:
        known: When each place was last used, epoch ms.
        places: Where the person logs in from now.
        now_ms: The time of now.

    Returns:
        `known` itself where nothing is to be stored.
    """
    new = {name: now_ms for name in places if not 0 <= now_ms - known.get(name, -EXACT_TO_MS) < EXACT_TO_MS}
    if not new:
        return known
    newest = sorted({**known, **new}.items(), key=lambda used: -used[1])
    return dict(newest[:MOST_PLACES])
