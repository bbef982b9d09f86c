"""Gaps whose energy is known all the same: the meter counted on by itself, and the readings at both ends say so."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.readings import Chunk
from chalicelib.domain.times import DAY_MS, HOUR_MS

MICROJOULES_PER_MILLIWATT_HOUR = 3_600_000
COUNTED_GAP_MS = DAY_MS
"""The longest gap that a counter fills: of a longer one nobody could say on which day its energy was used."""


def microjoules(before: int, after: int) -> int:
    """What was used between two counts in milliwatt-hours.

    A smaller later count means that the meter was reset: only what it counted since is known.
    """
    return (after - before if after >= before else after) * MICROJOULES_PER_MILLIWATT_HOUR


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
