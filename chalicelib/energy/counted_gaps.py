"""Gaps whose energy is known all the same: the meter counted on by itself, and the readings at both ends say so."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.core.times import DAY_MS, HOUR_MS
from chalicelib.readings.model import Chunk

MICROJOULES_PER_MILLIWATT_HOUR = 3_600_000
MAX_MILLIWATTS = 25_000_000
"""No outlet draws more: the bound that the contract sets for a reading."""
SMALLEST_RESET = 10
"""A fall of less than one part in so many is no reset. Meters round, and restore a total that they saved earlier.
Source: Home Assistant takes a total_increasing sensor that falls by less than 10 % for the same cycle."""
COUNTED_GAP_MS = DAY_MS
"""The longest gap that a counter fills: of a longer one nobody could say on which day its energy was used."""


def microjoules(before: int, after: int, length_ms: int, most_milliwatts: int) -> int | None:
    """What was used in a gap, by the counts at its ends.

    A counter that fell by less than a tenth was corrected or restored, not reset: nothing is known. One that fell by
    more was reset, and after it only what it counted since is known. That is an inference, so it is believed only as
    long as the watts at the ends of the gap could have used it. No gap holds more than MAX_MILLIWATTS for its length.

    Args:
        before: The count at the start of the gap, in milliwatt-hours.
        after: The count at its end.
        length_ms: How long the gap lasted.
        most_milliwatts: The higher of the watts that were read at its two ends.

    Returns:
        Microjoules; None where the counts do not tell.
    """
    rose = after >= before
    if not rose and (before - after) * SMALLEST_RESET < before:
        return None
    used = (after - before if rose else after) * MICROJOULES_PER_MILLIWATT_HOUR
    bound = length_ms * (MAX_MILLIWATTS if rose else most_milliwatts)  # a milliwatt for a millisecond is a microjoule
    return used if used <= bound else None


def hours_of(chunks: Iterable[Chunk], port_id: str, newest_ms: int) -> set[int]:
    """The hours of gaps that an outlet's readings may end, or split, in chunks in the order of storing.

    newest_ms is the time of its newest reading before them. Late readings may lie in any gap of COUNTED_GAP_MS.
    """
    found: set[int] = set()
    for columns in (chunk.ports[port_id] for chunk in chunks if port_id in chunk.ports):
        first_ms, last_ms = columns.times_ms[0], columns.times_ms[-1]
        if first_ms > newest_ms:
            first_ms = newest_ms if first_ms - newest_ms <= COUNTED_GAP_MS else first_ms
        else:
            first_ms, last_ms = first_ms - COUNTED_GAP_MS, max(last_ms, min(last_ms + COUNTED_GAP_MS, newest_ms))
        found |= set(range(first_ms // HOUR_MS, last_ms // HOUR_MS + 1))
        newest_ms = max(newest_ms, columns.times_ms[-1])
    return found
