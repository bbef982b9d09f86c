"""Silent outlets: the device calls or sends other readings, but nothing has come from this outlet's meter.

The clock is the device's own progress, never the wall clock: an outlet of a device that is offline is not silent.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.times import HOUR_MS, MINUTE_MS, SECOND_MS
from chalicelib.detection.port_state import PortState

LEAST_MS = 2 * MINUTE_MS
"""The shortest silence: past two minutes without a reading nobody knows what an appliance does."""
PACES = 2.5
"""Two readings may be lost; half of one more is the network's."""
LONGEST_GAP_MS = 15 * MINUTE_MS
"""A longer gap is an outage, not a pace, unless the outlet has never kept a shorter one."""
LEARNING = 0.3
"""The weight of a gap longer than the pace."""
FORGETTING_MS = 6 * HOUR_MS
"""How long it takes until shorter gaps have become the pace. A meter that reports on change is quick while its
appliance runs, and must not be taken for silent each time that it stops."""


def learned(pace_ms: float | None, newest_ms: int | None, times_ms: Sequence[int]) -> float | None:
    """How far apart an outlet's readings come, after some more of them.

    Args:
        pace_ms: What was known before; None where nothing was.
        newest_ms: The time of its newest reading before these; None before the first.
        times_ms: The times of the new ones, oldest first.

    Returns:
        The typical gap in milliseconds. It grows faster than it shrinks.
    """
    for at_ms in times_ms:
        gap_ms = 0 if newest_ms is None else at_ms - newest_ms
        newest_ms = at_ms if newest_ms is None else max(newest_ms, at_ms)
        if gap_ms <= 0:
            continue
        if pace_ms is None:
            pace_ms = float(gap_ms)
        elif gap_ms <= max(LONGEST_GAP_MS, PACES * pace_ms):
            weight = LEARNING if gap_ms > pace_ms else min(1.0, gap_ms / FORGETTING_MS)
            pace_ms += weight * (gap_ms - pace_ms)
    return pace_ms


def limit_ms(pace_ms: float | None) -> int:
    """How long an outlet of this pace may send nothing."""
    return max(LEAST_MS, int(PACES * (pace_ms or 0)))


def since_ms(state: PortState, heard_ms: int | None) -> int | None:
    """The time of the last reading of a silent outlet; None where it is not silent.

    heard_ms: up to when all that the device measured has been heard; None where that is not known.
    """
    if state.silent_since_ms is not None or state.latest is None or heard_ms is None:
        return state.silent_since_ms
    return state.latest.at_ms if heard_ms - state.latest.at_ms > limit_ms(state.pace_ms) else None


def begins_ms(state: PortState, heard_ms: int) -> int | None:
    """The time of the last reading of an outlet whose silence is to be told now; None where it is not.

    Before anything is known of its pace, it has as long as the slowest pace allows.
    """
    if state.silent_since_ms is not None:
        return None
    known = state.pace_ms is not None or (state.latest and heard_ms - state.latest.at_ms > PACES * LONGEST_GAP_MS)
    return since_ms(state, heard_ms) if known else None


def heard_ms(last_seen_ms: int | None, upload_seconds: int) -> int | None:
    """Up to when the readings of a device that called at a time have come.

    It calls every minute, but sends its readings every upload_seconds.
    """
    if last_seen_ms is None:
        return None
    return last_seen_ms - max(upload_seconds * SECOND_MS - MINUTE_MS, 0)
