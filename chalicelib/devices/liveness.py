"""Liveness: when a device counts as online, late, offline or flapping, and why.

Presence is when a device called. The times of its readings do not count: a backlog is not presence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.core.times import HOUR_MS, MINUTE_MS, SECOND_MS

HEARTBEAT_SECONDS = 60
SILENT_INTERVALS = 2.5
"""Two calls may be lost, and half an interval more is network delay."""
LATE_INTERVALS = 1.5
SILENCE_MS = max(int(SILENT_INTERVALS * HEARTBEAT_SECONDS), 90) * SECOND_MS
"""The shortest silence that counts as offline."""
MAX_INTERVAL_SECONDS = 900
"""A longer gap is an outage, not a pace. It bounds the silence to 37.5 minutes."""
LEARNING = 0.3
"""The weight of the newest gap in the mean."""
SPREAD_LEARNING = 0.25
SPREADS = 4
"""How fast the spread of the gaps is learned, and how many spreads a silence may last.
Source: RFC 6298, section 2, which sets a retransmission timer in the same way."""
MAX_CHANGES = 4
"""More changes between online and offline within an hour than this are flapping."""
KEPT_CHANGES = 8
FRESH_MS = 55_000
"""Presence newer than this is not stored again: at most one write a minute, and none is skipped at 60-s heartbeats."""
LivenessState = Literal["online", "late", "offline", "flapping", "never"]


@dataclass(frozen=True, slots=True)
class Presence:
    """What is stored about a device's calls.

    Attributes:
        interval_seconds: The learned pace: weighted mean of the gaps between stored calls.
        changes_ms: The last times at which the device went online or offline, oldest first.
        flapping_since_ms: When an episode of flapping began; None outside of one.
        spread_seconds: Weighted mean of the distance of the gaps from interval_seconds.
        pace_unknown: From the first call of a device that is not our own agent until its second one.
    """

    interval_seconds: float = HEARTBEAT_SECONDS
    changes_ms: tuple[int, ...] = ()
    flapping_since_ms: int | None = None
    spread_seconds: float = 0.0
    pace_unknown: bool = False

    @property
    def silence_ms(self) -> int:
        """How long the device may be silent before it counts as offline."""
        if self.pace_unknown:
            return MAX_INTERVAL_SECONDS * SECOND_MS
        usual_seconds = max(
            SILENT_INTERVALS * self.interval_seconds, self.interval_seconds + SPREADS * self.spread_seconds
        )
        return max(SILENCE_MS, int(min(usual_seconds, SILENT_INTERVALS * MAX_INTERVAL_SECONDS) * SECOND_MS))

    @property
    def late_ms(self) -> int:
        """How long the device may be silent before it counts as late."""
        return self.silence_ms if self.pace_unknown else int(LATE_INTERVALS * self.interval_seconds * SECOND_MS)

    @property
    def calm_at_ms(self) -> int:
        """When flapping ends if nothing changes any more. Only for a device that flaps."""
        return self.changes_ms[-MAX_CHANGES - 1] + HOUR_MS


def after_call(
    presence: Presence, last_seen_ms: int | None, now_ms: int, *, online: bool, is_agent: bool = False
) -> Presence:
    """The presence of a device after a call.

    Args:
        presence: That before the call.
        last_seen_ms: When the device called before; None for its first call.
        now_ms: When it called.
        online: Whether it was online until now.
        is_agent: Whether it is our own agent (it reports an agentVersion), which calls at the pace that it is given.
    """
    if last_seen_ms is None:
        presence = replace(presence, pace_unknown=not is_agent)
    else:
        presence = _after_gap(presence, now_ms - last_seen_ms)
    return presence if online else after_change(presence, now_ms)


def _after_gap(presence: Presence, gap_ms: int) -> Presence:
    """Learn from one more gap between calls. The first gap of a device of unknown pace is its pace."""
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


def after_change(presence: Presence, at_ms: int) -> Presence:
    """The presence after a change between online and offline, which may begin, continue or end flapping."""
    changed = replace(presence, changes_ms=(*presence.changes_ms, at_ms)[-KEPT_CHANGES:])
    if _changes_within_an_hour(changed, at_ms) <= MAX_CHANGES:
        return replace(changed, flapping_since_ms=None)
    return replace(changed, flapping_since_ms=presence.flapping_since_ms or at_ms)


def after_flapping(presence: Presence) -> Presence:
    """The presence after an episode of flapping."""
    return replace(presence, flapping_since_ms=None)


def begins_to_flap(before: Presence, after: Presence) -> bool:
    """Whether an episode of flapping begins between the two."""
    return before.flapping_since_ms is None and after.flapping_since_ms is not None


def is_flapping(presence: Presence, now_ms: int) -> bool:
    """Whether an episode of flapping is under way."""
    return presence.flapping_since_ms is not None and _changes_within_an_hour(presence, now_ms) > MAX_CHANGES


def _changes_within_an_hour(presence: Presence, now_ms: int) -> int:
    return sum(now_ms - HOUR_MS < at_ms for at_ms in presence.changes_ms)


def offline_at_ms(last_seen_ms: int, presence: Presence) -> int:
    """When a device that stays silent becomes offline, epoch ms."""
    return last_seen_ms + presence.silence_ms


def due_entry_ms(current_entry_ms: int | None, now_ms: int, presence: Presence) -> int:
    """The time under which the due index holds a device that called now.

    It lies after the device's next call and not after the time at which it becomes offline. The current entry is kept
    while it fits, since moving it costs two writes of the index.

    Args:
        current_entry_ms: The device's entry so far; None without one.
        now_ms: When the device called.
        presence: That after the call.
    """
    due_ms, next_call_ms = offline_at_ms(now_ms, presence), now_ms + presence.interval_seconds * SECOND_MS
    if current_entry_ms is not None and next_call_ms < current_entry_ms <= due_ms:
        return current_entry_ms
    return due_ms


def is_silent(last_seen_ms: int, presence: Presence, now_ms: int) -> bool:
    """Whether a device has been silent for too long."""
    return now_ms >= offline_at_ms(last_seen_ms, presence)


def is_call_due_for_storing(online: bool, last_seen_ms: int | None, now_ms: int) -> bool:
    """Whether a call is worth a write. A last call in the future was stored by a wrong clock."""
    return not online or last_seen_ms is None or abs(now_ms - last_seen_ms) >= FRESH_MS


@dataclass(frozen=True, slots=True)
class Liveness:
    """The state of a device, a sentence that explains it, and since when it lasts (epoch ms, None if unknown)."""

    state: LivenessState
    reason: str
    since_ms: int | None


def explain_liveness(presence: Presence, last_seen_ms: int | None, now_ms: int, *, online: bool) -> Liveness:
    """The state of a device, with its reason."""
    if last_seen_ms is None:
        return Liveness("never", "It has not called yet.", None)
    if is_flapping(presence, now_ms):
        return _flapping(presence, now_ms, online=online)
    changed_at_ms = presence.changes_ms[-1] if presence.changes_ms else None
    silent_ms = max(now_ms - last_seen_ms, 0)
    last = f"It last called {_duration(silent_ms)} ago and {_pace(presence)}"
    if not online:
        reason = f"{last}; after {_duration(presence.silence_ms)} it counts as offline."
        return Liveness("offline", reason, changed_at_ms)
    if silent_ms > presence.late_ms:
        reason = f"{last}; it is late, and offline after {_duration(presence.silence_ms)}."
        return Liveness("late", reason, last_seen_ms + presence.late_ms)
    reason = f"It called within the last {_duration(presence.late_ms)}, and {_pace(presence)}."
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
    return f"usually calls every {_duration(int(presence.interval_seconds * SECOND_MS))}"


def _duration(duration_ms: int) -> str:
    """A duration in the unit that people would use."""
    for unit_ms, unit in ((SECOND_MS, "s"), (MINUTE_MS, "min"), (HOUR_MS, "h")):
        if duration_ms < 180 * unit_ms:
            return f"{duration_ms // unit_ms} {unit}"
    return f"{duration_ms // (24 * HOUR_MS)} days"
