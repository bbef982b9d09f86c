"""Which hours of a device have to be computed (again), and when: an hour is named by its number since the epoch.

A chunk marks the hours it touches. An hour is due when it is over and nothing has touched it for a while, so that a
backlog does not compute it once for each chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.energy.counted_gaps import COUNTED_GAP_MS
from chalicelib.energy.slots import GAP_MS
from chalicelib.readings.model import Chunk

Dirty = Mapping[int, int]
"""When each hour that has to be computed was last touched (epoch ms), by its number."""
QUIET_MS = MINUTE_MS
RETRY_MS = HOUR_MS
"""How long an hour that cannot be computed is left alone."""
MOST_AT_ONCE = 240
"""Hours computed in one go, if there is time: what is left waits for the next call."""
HOURS_PER_DAY = DAY_MS // HOUR_MS


def marked(dirty: Dirty, chunks: Iterable[Chunk], now_ms: int, gaps: Collection[int] = ()) -> dict[int, int]:
    """With the hours that these chunks touch, and those next to them that end or begin within GAP_MS of a reading.

    gaps are the hours of gaps that a meter's counter fills and that these chunks end or split.
    """
    touched = {
        hour
        for chunk in chunks
        for hour in range((chunk.first_ms - GAP_MS) // HOUR_MS, (chunk.last_ms + GAP_MS) // HOUR_MS + 1)
    }
    return dict(dirty) | dict.fromkeys(touched | set(gaps), now_ms)


def due(dirty: Dirty, watermark_ms: int, now_ms: int) -> list[int]:
    """The hours to compute now, the oldest first, at most MOST_AT_ONCE; watermark_ms is the device's newest reading."""
    ready = (
        hour
        for hour, touched_at_ms in dirty.items()
        if (hour + 1) * HOUR_MS + GAP_MS <= watermark_ms and touched_at_ms + QUIET_MS <= now_ms
    )
    return sorted(ready)[:MOST_AT_ONCE]


def due_at_ms(dirty: Dirty) -> int | None:
    """When the sweep computes what nothing has touched since, None without any.

    In whole hours, one to two after the last touch: while a device sends it changes once an hour.
    """
    return (max(dirty.values()) // HOUR_MS + 2) * HOUR_MS if dirty else None


def whole(marks: Iterable[int], whole_from_ms: int) -> list[int]:
    """The hours whose readings, and those of a counted gap before them, are all from whole_from_ms on."""
    return [hour for hour in marks if hour * HOUR_MS - COUNTED_GAP_MS >= whole_from_ms]


def postponed(dirty: Dirty, failed: Iterable[int], now_ms: int) -> dict[int, int]:
    """With the hours that could not be computed as if touched later, so that they are not tried again at once."""
    return dict(dirty) | dict.fromkeys(failed, now_ms + RETRY_MS)


def cleared(dirty: Dirty, computed: Collection[int]) -> dict[int, int]:
    """Without the hours that were computed."""
    return {hour: touched_at_ms for hour, touched_at_ms in dirty.items() if hour not in computed}


def finished_days(computed: Iterable[int], left: Dirty, watermark_ms: int) -> list[int]:
    """The starts (epoch ms) of UTC days that have no hour left to compute and are over."""
    open_days = {hour // HOURS_PER_DAY for hour in left}
    touched = {hour // HOURS_PER_DAY for hour in computed}
    return [day * DAY_MS for day in sorted(touched - open_days) if (day + 1) * DAY_MS <= watermark_ms]


def runs(hours: Iterable[int], longest: int) -> list[Sequence[int]]:
    """Hours as runs of neighbours, each of at most `longest`."""
    ordered = sorted(hours)
    neighbours = groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])
    found = [[hour for _, hour in group] for _, group in neighbours]
    return [run[start : start + longest] for run in found for start in range(0, len(run), longest)]
