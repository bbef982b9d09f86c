"""The time. On a PC a jump of the system's clock is not believed at once; on Lambda its clock is.

A server whose clock stands a year ahead for a moment would find every device silent, every session over and all kept
readings too old. A monotonic clock tells such a jump from the passing of time.

Amazon keeps the clocks of Lambda, and a function that is frozen between two calls has no monotonic clock to compare
with: the time that it was frozen would look like a jump.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from chalicelib.core.times import MINUTE_MS, SECOND_MS

LOG = logging.getLogger("ghostwatt.clock")
SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that goes on while the machine sleeps: on Linux only CLOCK_BOOTTIME does, on macOS CLOCK_MONOTONIC."""
TOLERANCE_MS = 30 * SECOND_MS
"""How far the system's clock may jump and be believed at once; readings are rebased past the same difference."""
BELIEVED_AFTER_MS = 10 * MINUTE_MS
"""A jump that has lasted for this long is a correction."""
BOOTING_MS = 3 * MINUTE_MS
"""For this long after the machine has started, a jump is believed at once: a clock without a battery is being set."""


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """The last moment at which both clocks were believed, and a jump that is not believed yet.

    Attributes:
        wall_ms: The system's clock then, epoch ms.
        monotonic_ms: Milliseconds since the machine started, then.
        jumped_ms: How far the system's clock is off now; 0 while it is believed.
        jumped_at_ms: When that was first seen, on the monotonic clock.
    """

    wall_ms: int
    monotonic_ms: int
    jumped_ms: int = 0
    jumped_at_ms: int = 0

    def read(self, wall_ms: int, monotonic_ms: int) -> tuple[SteadyClock, int]:
        """What time it is: the clock after this look, and epoch milliseconds.

        Args:
            wall_ms: The system's clock now.
            monotonic_ms: Milliseconds since the machine started, now.
        """
        expected_ms = self.wall_ms + monotonic_ms - self.monotonic_ms
        off_ms = wall_ms - expected_ms
        if abs(off_ms) <= TOLERANCE_MS or monotonic_ms < BOOTING_MS:
            return SteadyClock(wall_ms, monotonic_ms), wall_ms
        if not self.jumped_ms or abs(off_ms - self.jumped_ms) > TOLERANCE_MS:
            return SteadyClock(self.wall_ms, self.monotonic_ms, off_ms, monotonic_ms), expected_ms
        if monotonic_ms - self.jumped_at_ms >= BELIEVED_AFTER_MS:
            return SteadyClock(wall_ms, monotonic_ms), wall_ms
        return self, expected_ms

    def witnessed(self, at_ms: int, monotonic_ms: int) -> SteadyClock:
        """The clock after a device has told its time: a jump to just that time is believed at once.

        So a machine that slept, or whose clock was wrong before, is right again with the first device that calls.
        """
        jumped_to_ms = self.wall_ms + monotonic_ms - self.monotonic_ms + self.jumped_ms
        if self.jumped_ms and abs(at_ms - jumped_to_ms) <= TOLERANCE_MS:
            return SteadyClock(jumped_to_ms, monotonic_ms)
        return self


class Clock:
    """The time for all threads of this process."""

    def __init__(self) -> None:
        self._steady: SteadyClock | None = None
        self._lock = threading.Lock()

    def hold_steady(self) -> None:
        """From now on, believe a jump of the system's clock only once it has lasted for a while."""
        with self._lock:
            self._steady = SteadyClock(_wall_ms(), _since_boot_ms())

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        if self._steady is None:
            return _wall_ms()
        with self._lock:
            before = self._steady
            self._steady, now_ms = before.read(_wall_ms(), _since_boot_ms())
            off_ms = self._steady.jumped_ms
        if off_ms and off_ms != before.jumped_ms:
            LOG.warning("the system's clock jumped by %d s: it is not believed for now", off_ms // 1_000)
        elif before.jumped_ms and not off_ms:
            LOG.warning("the system's clock is believed again")
        return now_ms

    def witnessed(self, at_ms: int, now_ms: int) -> int:
        """The time after a device has told its own; now_ms is the time before that."""
        with self._lock:
            if self._steady is None or not self._steady.jumped_ms:
                return now_ms
            self._steady = self._steady.witnessed(at_ms, _since_boot_ms())
        return self.now_ms()


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _since_boot_ms() -> int:
    return time.clock_gettime_ns(SINCE_BOOT) // 1_000_000


CLOCK = Clock()
now_ms = CLOCK.now_ms
witnessed = CLOCK.witnessed
hold_steady = CLOCK.hold_steady
