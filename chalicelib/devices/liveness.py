"""Liveness: when a device counts as online, late, offline or flapping, and why.

Presence is when a device called. The times of the readings that it sent say nothing: a backlog is not presence.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.core.times import HOUR_MS, MINUTE_MS, SECOND_MS

HEARTBEAT_SECONDS = 60
FIRST_HEARTBEAT_SECONDS = 5
"""The pace of a Pi that waits for its first outlet: somebody stands beside it."""
FIRST_MINUTES_MS = 10 * MINUTE_MS
SILENT_INTERVALS = 2.5
"""Two calls may be lost; half of one more is the network's."""
LATE_INTERVALS = 1.5
SILENCE_MS = max(int(SILENT_INTERVALS * HEARTBEAT_SECONDS), 90) * SECOND_MS
"""The shortest silence that counts as offline."""
MAX_INTERVAL_SECONDS = 900
"""A longer gap is an outage, not a pace. It bounds the silence to 37.5 minutes."""
LEARNING = 0.3
"""The weight of the newest gap in the mean."""
SPREAD_LEARNING = 0.25
SPREADS = 4
"""How fast the spread of the gaps is learned, and how many of them a silence may last.
Source: RFC 6298, section 2, which sets a retransmission timer in the same way."""
MAX_CHANGES = 4
"""More changes between online and offline within an hour than this are flapping."""
KEPT_CHANGES = 8
FRESH_MS = 55_000
"""Presence newer than this is not written again: at most one write a minute, and none lost at a beat of 60 s."""
SHARDS = 4
"""How many partitions hold what falls due: devices that are online, notifications to deliver, weekly digests."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What is remembered of a device's calls.

    interval_seconds is learned: the weighted mean of the gaps between the calls that were written; spread_seconds is
    the weighted mean of how far they lay from it. changes_ms are the last times at which it went online or offline,
    oldest first. flapping_since_ms is set for a spell of flapping. pace_unknown: nobody knows yet how often it calls.
    That is so from the first call of a device that is not our own agent until its second one.
    """

    interval_seconds: float = HEARTBEAT_SECONDS
    changes_ms: tuple[int, ...] = ()
    flapping_since_ms: int | None = None
    spread_seconds: float = 0.0
    pace_unknown: bool = False

    @property
    def silence_ms(self) -> int:
        """How long it may be silent before it counts as offline."""
        if self.pace_unknown:
            return MAX_INTERVAL_SECONDS * SECOND_MS
        usual_seconds = max(
            SILENT_INTERVALS * self.interval_seconds, self.interval_seconds + SPREADS * self.spread_seconds
        )
        return max(SILENCE_MS, int(min(usual_seconds, SILENT_INTERVALS * MAX_INTERVAL_SECONDS) * SECOND_MS))

    @property
    def late_ms(self) -> int:
        """How long it may be silent before it counts as late."""
        return self.silence_ms if self.pace_unknown else int(LATE_INTERVALS * self.interval_seconds * SECOND_MS)

    @property
    def calm_at_ms(self) -> int:
        """When flapping ends if nothing changes any more; only of a device that flaps."""
        return self.changes_ms[-MAX_CHANGES - 1] + HOUR_MS


def called(
    presence: Presence, last_seen_ms: int | None, now_ms: int, *, online: bool, is_agent: bool = False
) -> Presence:
    """After a call of a device that was online or not until now.

    is_agent: it says its agentVersion, so it is our own agent, which calls as often as it is told.
    """
    if last_seen_ms is None:
        presence = replace(presence, pace_unknown=not is_agent)
    else:
        presence = _learned(presence, now_ms - last_seen_ms)
    return presence if online else turned(presence, now_ms)


def _learned(presence: Presence, gap_ms: int) -> Presence:
    """With one more gap between calls; the first gap of a device of unknown pace is its pace."""
    gap_seconds = gap_ms / SECOND_MS
    if gap_seconds > MAX_INTERVAL_SECONDS:
        return presence
    gap_seconds = max(gap_seconds, HEARTBEAT_SECONDS)
    if presence.pace_unknown:
        return replace(presence, interval_seconds=round(gap_seconds, 1), pace_unknown=False)
    off_seconds = gap_seconds - presence.interval_seconds
    return replace(
        presence,
        interval_seconds=round(presence.interval_seconds + LEARNING * off_seconds, 1),
        spread_seconds=round(
            presence.spread_seconds + SPREAD_LEARNING * (abs(off_seconds) - presence.spread_seconds), 1
        ),
    )


def turned(presence: Presence, at_ms: int) -> Presence:
    """After a change between online and offline; it begins, continues or ends a spell of flapping."""
    changed = replace(presence, changes_ms=(*presence.changes_ms, at_ms)[-KEPT_CHANGES:])
    if _changes_within_an_hour(changed, at_ms) <= MAX_CHANGES:
        return replace(changed, flapping_since_ms=None)
    return replace(changed, flapping_since_ms=presence.flapping_since_ms or at_ms)


def calmed(presence: Presence) -> Presence:
    """After a spell of flapping."""
    return replace(presence, flapping_since_ms=None)


def begins_to_flap(before: Presence, after: Presence) -> bool:
    """Whether a spell of flapping begins between the two."""
    return before.flapping_since_ms is None and after.flapping_since_ms is not None


def is_flapping(presence: Presence, now_ms: int) -> bool:
    """Whether a spell of flapping is under way."""
    return presence.flapping_since_ms is not None and _changes_within_an_hour(presence, now_ms) > MAX_CHANGES


def _changes_within_an_hour(presence: Presence, now_ms: int) -> int:
    return sum(now_ms - HOUR_MS < at_ms for at_ms in presence.changes_ms)


def due_at_ms(last_seen_ms: int, presence: Presence) -> int:
    """When a device that stays silent becomes offline."""
    return last_seen_ms + presence.silence_ms


def entry_ms(entry_at_ms: int | None, now_ms: int, presence: Presence) -> int:
    """Where the index of due devices has one that called now: by the time it becomes offline, not before its next call.

    The entry that is there stays while it fits: moving it costs two writes of the index, and most calls need not.
    """
    due_ms, next_call_ms = due_at_ms(now_ms, presence), now_ms + presence.interval_seconds * SECOND_MS
    return entry_at_ms if entry_at_ms is not None and next_call_ms < entry_at_ms <= due_ms else due_ms


def is_silent(last_seen_ms: int, presence: Presence, now_ms: int) -> bool:
    """Whether a device has been silent for too long."""
    return now_ms >= due_at_ms(last_seen_ms, presence)


def needs_touch(online: bool, last_seen_ms: int | None, now_ms: int) -> bool:
    """Whether this call of a device is worth a write; a last call in the future was noted by a clock that was wrong."""
    return not online or last_seen_ms is None or abs(now_ms - last_seen_ms) >= FRESH_MS


def heartbeat_seconds(created_at_ms: int, ports: int, now_ms: int) -> int:
    """The pace that a device is told: quick while a new one waits for its first outlet."""
    is_waiting = ports == 0 and now_ms - created_at_ms < FIRST_MINUTES_MS
    return FIRST_HEARTBEAT_SECONDS if is_waiting else HEARTBEAT_SECONDS


@dataclass(frozen=True, slots=True)
class Liveness:
    """The state of a device, why in one sentence with figures, and since when (epoch ms, None where unknown)."""

    state: Literal["online", "late", "offline", "flapping", "never"]
    reason: str
    since_ms: int | None


def explain(presence: Presence, last_seen_ms: int | None, now_ms: int, *, online: bool) -> Liveness:
    """How a device is, and why."""
    if last_seen_ms is None:
        return Liveness("never", "It has not called yet.", None)
    if is_flapping(presence, now_ms):
        return _flapping(presence, now_ms, online=online)
    changed_at_ms = presence.changes_ms[-1] if presence.changes_ms else None
    silent_ms = max(now_ms - last_seen_ms, 0)
    last = f"It last called {_lasted(silent_ms)} ago and {_pace(presence)}"
    if not online:
        return Liveness("offline", f"{last}; after {_lasted(presence.silence_ms)} it counts as offline.", changed_at_ms)
    if silent_ms > presence.late_ms:
        reason = f"{last}; it is late, and offline after {_lasted(presence.silence_ms)}."
        return Liveness("late", reason, last_seen_ms + presence.late_ms)
    reason = f"It called within the last {_lasted(presence.late_ms)}, and {_pace(presence)}."
    return Liveness("online", reason, changed_at_ms)


def _flapping(presence: Presence, now_ms: int, *, online: bool) -> Liveness:
    count = _changes_within_an_hour(presence, now_ms)
    times = f"{count} times or more" if count == KEPT_CHANGES else f"{count} times"
    now = "online" if online else "offline"
    reason = f"It went online or offline {times} within an hour; it is {now} now. Its network or its power may be weak."
    return Liveness("flapping", reason, presence.flapping_since_ms)


def _pace(presence: Presence) -> str:
    if presence.pace_unknown:
        return "how often it calls is not known yet"
    return f"usually calls every {_lasted(int(presence.interval_seconds * SECOND_MS))}"


def _lasted(lasted_ms: int) -> str:
    """A stretch of time in the unit that people would use."""
    for unit_ms, unit in ((SECOND_MS, "s"), (MINUTE_MS, "min"), (HOUR_MS, "h")):
        if lasted_ms < 180 * unit_ms:
            return f"{lasted_ms // unit_ms} {unit}"
    return f"{lasted_ms // (24 * HOUR_MS)} days"


def shard(name: str) -> str:
    """The partition of a due index that a device or a person belongs to."""
    return str(zlib.crc32(name.encode()) % SHARDS)


def shards() -> list[str]:
    """All partitions of a due index."""
    return [str(number) for number in range(SHARDS)]
