"""Time on a Pi that may boot in the past: every stamp ends as the cloud's time, corrected once.

A Pi without a battery clock boots in 1970, or at its last shutdown, until NTP or the cloud tells the time. The rules:

1. Meters stamp with `now_ms`: the wall clock as it stood when this process began, carried on by the time since boot. It
   may be wrong, but it never jumps: an NTP step during a run changes no stamp and no difference of stamps.
2. The buffer keeps that stamp with the boot it belongs to (boot id), on one scale for each boot. Time since boot runs
   through a restart of the agent, so that another process of the same boot can still place it.
3. Every answer of the cloud has `serverTimeMs`, a moment between call and answer. `Clock` moves its own time by the
   least that agrees with this. A clock that is right to within the call's duration is left as it is, a slow answer
   spoils nothing, and the drift of the crystal is followed.
4. Nothing is batched or sent before this run has had an answer, which must be to a heartbeat. When a batch is fixed its
   readings get their true stamps, for good: neither a resend nor a batch taken apart is ever stamped again.
5. `sentAtMs` is the corrected time at each attempt. So stamps and `sentAtMs` are on the same, right, clock; the cloud,
   which rebases a batch by (now - sentAtMs) beyond 30 s, finds nothing to correct a second time.
6. What the cloud taught of a boot is kept in the buffer: after a reboot, that boot's readings are still placed exactly.
7. A boot that ended without an answer keeps its wall clock's last word, if that lies between this agent's making and
   the next boot. Otherwise its last reading is placed at the start of the next boot, since it cannot be later: it is
   off by as long as the Pi was without power. The agent says so.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ghostwatt_pi.platforms.boot import read_boot_id, read_since_boot_ms

STEP_MS = 1000
"""The wall clock was set, not slewed, when it has moved by more than this against the time since boot."""
ROUNDING_MS = 2
"""Both times compared, and the two that our own belief is made of, are cut to whole milliseconds."""


def read_wall_ms() -> int:
    """The wall clock, epoch milliseconds: it may be wrong and may jump."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Timer:
    """A process's own time: the wall clock of its start (`base_ms` at boot), carried on by the time since boot."""

    boot_id: str
    base_ms: int
    since_boot_ms: Callable[[], int] = read_since_boot_ms
    wall_ms: Callable[[], int] = read_wall_ms

    def now_ms(self) -> int:
        """Epoch milliseconds as this process believes; never jumps."""
        return self.base_ms + self.since_boot_ms()


def start_timer(
    boot_id: str, since_boot_ms: Callable[[], int] = read_since_boot_ms, wall_ms: Callable[[], int] = read_wall_ms
) -> Timer:
    """The time of a process that begins now."""
    return Timer(boot_id, wall_ms() - since_boot_ms(), since_boot_ms, wall_ms)


PROCESS_TIMER = start_timer(read_boot_id() or uuid.uuid4().hex)  # a boot without an id counts as this process's own


def now_ms() -> int:
    """This process's own time, epoch milliseconds: what meters stamp with. It may be wrong, but never jumps."""
    return PROCESS_TIMER.now_ms()


class Clock:
    """The cloud's time as far as it is known: `offset_ms` is what to add to the time since boot."""

    def __init__(self, timer: Timer = PROCESS_TIMER) -> None:
        self.timer = timer
        self.offset_ms = timer.base_ms
        self.is_known = False

    @property
    def correction_ms(self) -> int:
        """What to add to this process's own stamps."""
        return self.offset_ms - self.timer.base_ms

    def now_ms(self) -> int:
        """The true time, once `is_known`; until then the wall clock's word."""
        self.follow_wall()
        return self.timer.since_boot_ms() + self.offset_ms

    def follow_wall(self) -> None:
        """Until the cloud has told the time, a wall clock that was set since (by NTP, by hand) is the better guess."""
        offset_ms = self.timer.wall_ms() - self.timer.since_boot_ms()
        if not self.is_known and abs(offset_ms - self.offset_ms) > STEP_MS:
            self.offset_ms = offset_ms

    def resume(self, offset_ms: int, *, is_known: bool) -> None:
        """What an earlier process of this boot knew, or believed."""
        self.offset_ms, self.is_known = offset_ms, is_known

    def learn(self, server_time_ms: int, called_ms: int, answered_ms: int) -> None:
        """The cloud's time was `server_time_ms` between these two moments of the time since boot."""
        self.follow_wall()
        least, most = server_time_ms - answered_ms - ROUNDING_MS, server_time_ms - called_ms + ROUNDING_MS
        if not self.is_known and not least <= self.offset_ms <= most:
            self.offset_ms = (least + most) // 2  # nothing to hold on to: the middle errs least
        self.offset_ms = min(max(self.offset_ms, least), most)
        self.is_known = True
