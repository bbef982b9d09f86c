"""Silent outlets: the device calls or sends other readings, but this outlet's meter has sent nothing.

Silence is measured by the device's own progress, not by the wall clock: a device that is offline has no silent outlets.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from chalicelib.detection.port_state import PortState

LEAST_MS = 2 * MINUTE_MS
"""The shortest silence. After two minutes without a reading, the state of the appliance is unknown."""
PACES = 2.5
"""The limit in paces: two readings may be lost, and the network may delay the next by half a pace."""
LONGEST_GAP_MS = 15 * MINUTE_MS
"""A longer gap is an outage, not a pace, unless the outlet has never kept a shorter one."""
LEARNING = 0.3
"""The weight of a gap longer than the pace."""
FORGETTING_MS = 6 * HOUR_MS
"""The time until shorter gaps have become the pace. A meter that reports on change sends often while its appliance
runs; it is not silent whenever the appliance stops."""
FORGETTING_HELD_MS = 7 * DAY_MS
"""The same for a meter that says how long its readings held. It keeps a longest time, however often it sends."""


def learn_pace(
    pace_ms: float | None, newest_ms: int | None, times_ms: Sequence[int], held_ms: Sequence[int] = ()
) -> float | None:
    """Update the usual gap between an outlet's readings with new readings.

    Args:
        pace_ms: The gap so far; None if it is unknown.
        newest_ms: The time of the newest reading before these; None before the first.
        times_ms: The times of the new readings, oldest first.
        held_ms: How long each of them held; left out, none did.

    Returns:
        The usual gap in milliseconds; it grows faster than it shrinks, and at once to how long a reading held.
    """
    for at_ms, held in zip(times_ms, held_ms or [0] * len(times_ms), strict=True):
        gap_ms = _gap_ms(newest_ms, at_ms, held)
        newest_ms = at_ms if newest_ms is None else max(newest_ms, at_ms)
        if gap_ms <= 0:
            continue
        if pace_ms is None:
            pace_ms = float(gap_ms)
        elif gap_ms <= max(LONGEST_GAP_MS, PACES * pace_ms):
            slower, faster = (1.0, FORGETTING_HELD_MS) if held else (LEARNING, FORGETTING_MS)
            weight = slower if gap_ms > pace_ms else min(1.0, gap_ms / faster)
            pace_ms += weight * (gap_ms - pace_ms)
    return pace_ms


def _gap_ms(newest_ms: int | None, at_ms: int, held_ms: int) -> int:
    """The time since the reading before; for how long a reading held, where that is shorter or there was none."""
    if newest_ms is None:
        return held_ms
    return min(at_ms - newest_ms, held_ms or at_ms - newest_ms)


def limit_ms(pace_ms: float | None) -> int:
    """The longest time without a reading for an outlet of this pace."""
    return max(LEAST_MS, int(PACES * (pace_ms or 0)))


def since_ms(state: PortState, heard_ms: int | None) -> int | None:
    """The time of the last reading of a silent outlet; None where it is not silent.

    heard_ms: all readings of the device up to this time have arrived; None if that is unknown.
    """
    if state.silent_since_ms is not None or state.latest is None or heard_ms is None:
        return state.silent_since_ms
    return state.latest.at_ms if heard_ms - state.latest.at_ms > limit_ms(state.pace_ms) else None


def begins_ms(state: PortState, heard_ms: int) -> int | None:
    """The time of the last reading of an outlet whose owner must be alerted now; None if nobody must be.

    While its pace is unknown, the limit is that of the slowest pace.
    """
    if state.silent_since_ms is not None:
        return None
    known = state.pace_ms is not None or (state.latest and heard_ms - state.latest.at_ms > PACES * LONGEST_GAP_MS)
    return since_ms(state, heard_ms) if known else None


def heard_ms(last_seen_ms: int | None, upload_seconds: int) -> int | None:
    """The time up to which the readings of a device have arrived, given its last call.

    A device calls every minute, but it sends its readings every upload_seconds.
    """
    if last_seen_ms is None:
        return None
    return last_seen_ms - max(upload_seconds * SECOND_MS - MINUTE_MS, 0)
