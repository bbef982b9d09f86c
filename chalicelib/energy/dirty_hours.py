"""Dirty hours: hours of a device whose usage has to be computed (again). An hour is named by its number since 1970.

A chunk marks the hours that it touches. An hour is due when it is over and no chunk has touched it for a while, so that
a backlog does not compute it once for each chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.energy.slots import COUNTED_GAP_MS, GAP_MS
from chalicelib.readings.model import MAX_HELD_MS, Chunk

Dirty = Mapping[int, int]
"""When each dirty hour was last touched (epoch ms), by its number."""
QUIET_MS = MINUTE_MS
RETRY_MS = HOUR_MS
"""Pause before another try of an hour that could not be computed."""
MOST_AT_ONCE = 240
"""Hours computed in one go, if there is time: the others wait for the next call."""
HOURS_PER_DAY = DAY_MS // HOUR_MS


def mark(dirty: Dirty, chunks: Iterable[Chunk], now_ms: int, further_hours: Collection[int] = ()) -> dict[int, int]:
    """Add the hours that chunks touch, and their neighbours that end or begin within GAP_MS of a reading.

    What held until a reading counts from its start.

    Args:
        dirty: The dirty hours so far.
        chunks: The new chunks of the device.
        now_ms: The time of the touch.
        further_hours: See counted_gap_hours and clipped_hours.
    """
    touched = {
        hour
        for chunk in chunks
        for hour in range((chunk.first_ms - GAP_MS) // HOUR_MS, (chunk.last_ms + GAP_MS) // HOUR_MS + 1)
    }
    return dict(dirty) | dict.fromkeys(touched | set(further_hours), now_ms)


def clipped_hours(chunks: Iterable[Chunk], port_id: str, newest_ms: int) -> set[int]:
    """Find the hours in which an outlet's late readings may clip what held until a later reading.

    Args:
        chunks: The new chunks of the device, in the order of storing.
        port_id: The outlet.
        newest_ms: The time of its newest reading before these chunks.
    """
    hours: set[int] = set()
    for columns in (chunk.ports[port_id] for chunk in chunks if port_id in chunk.ports):
        first_ms, last_ms = columns.times_ms[0], min(columns.times_ms[-1], newest_ms)
        if first_ms < newest_ms:
            hours |= set(range((first_ms - MAX_HELD_MS - GAP_MS) // HOUR_MS, last_ms // HOUR_MS + 1))
        newest_ms = max(newest_ms, columns.times_ms[-1])
    return hours


def counted_gap_hours(chunks: Iterable[Chunk], port_id: str, newest_ms: int) -> set[int]:
    """Find the hours of counted gaps that an outlet's new readings may end or split.

    Args:
        chunks: The new chunks of the device, in the order of storing. Late readings may lie in any gap.
        port_id: The outlet.
        newest_ms: The time of its newest reading before these chunks.
    """
    gap_hours: set[int] = set()
    for columns in (chunk.ports[port_id] for chunk in chunks if port_id in chunk.ports):
        first_ms, last_ms = columns.times_ms[0], columns.times_ms[-1]
        if first_ms > newest_ms:
            first_ms = newest_ms if first_ms - newest_ms <= COUNTED_GAP_MS else first_ms
        else:
            first_ms, last_ms = first_ms - COUNTED_GAP_MS, max(last_ms, min(last_ms + COUNTED_GAP_MS, newest_ms))
        gap_hours |= set(range(first_ms // HOUR_MS, last_ms // HOUR_MS + 1))
        newest_ms = max(newest_ms, columns.times_ms[-1])
    return gap_hours


def due(dirty: Dirty, watermark_ms: int, now_ms: int) -> list[int]:
    """List the hours to compute now, oldest first, at most MOST_AT_ONCE.

    Args:
        dirty: The dirty hours.
        watermark_ms: The time of the device's newest reading (epoch ms).
        now_ms: The present (epoch ms).
    """
    ready = (
        hour
        for hour, touched_at_ms in dirty.items()
        if (hour + 1) * HOUR_MS + GAP_MS <= watermark_ms and touched_at_ms + QUIET_MS <= now_ms
    )
    return sorted(ready)[:MOST_AT_ONCE]


def due_at_ms(dirty: Dirty) -> int | None:
    """Compute when the schedule takes over hours that no chunk has touched since; None without any.

    In whole hours, one to two after the last touch: while a device sends, the time changes once an hour.
    """
    return (max(dirty.values()) // HOUR_MS + 2) * HOUR_MS if dirty else None


def with_all_readings(hours: Iterable[int], kept_from_ms: int) -> list[int]:
    """Keep the hours whose readings, with those of a counted gap before them, all lie after kept_from_ms."""
    return [hour for hour in hours if hour * HOUR_MS - COUNTED_GAP_MS >= kept_from_ms]


def postpone(dirty: Dirty, failed: Iterable[int], now_ms: int) -> dict[int, int]:
    """Mark hours that could not be computed as touched later, so that they are not tried again at once."""
    return dict(dirty) | dict.fromkeys(failed, now_ms + RETRY_MS)


def clear(dirty: Dirty, computed: Collection[int]) -> dict[int, int]:
    """Drop the hours that were computed."""
    return {hour: touched_at_ms for hour, touched_at_ms in dirty.items() if hour not in computed}


def finished_days(computed: Iterable[int], left: Dirty, watermark_ms: int) -> list[int]:
    """List the starts (epoch ms) of UTC days that are over and have no dirty hour left.

    Args:
        computed: The hours computed just now.
        left: The hours still dirty after that.
        watermark_ms: The time of the device's newest reading (epoch ms).
    """
    open_days = {hour // HOURS_PER_DAY for hour in left}
    touched = {hour // HOURS_PER_DAY for hour in computed}
    return [day * DAY_MS for day in sorted(touched - open_days) if (day + 1) * DAY_MS <= watermark_ms]


def runs(numbers: Iterable[int], longest: int) -> list[Sequence[int]]:
    """Group hours (or days) to runs of neighbours, each of at most `longest`."""
    ordered = sorted(numbers)
    neighbours = groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])
    grouped = [[number for _, number in group] for _, group in neighbours]
    return [run[start : start + longest] for run in grouped for start in range(0, len(run), longest)]
