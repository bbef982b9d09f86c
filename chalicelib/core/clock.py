"""What time it is. On a PC a jump of the system's clock is not believed at once; on Lambda its clock is.

Amazon keeps the clocks of Lambda, and a function that is frozen between two calls has no monotonic clock to compare
with: the time that it was frozen would look like a jump.
"""

from __future__ import annotations

import logging
import threading
import time

from chalicelib.core.steady_clock import SteadyClock

LOG = logging.getLogger("ghostwatt.clock")
SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine sleeps: on Linux only the first does, on macOS the second."""


class Clock:
    """The time for all threads of this process."""

    def __init__(self) -> None:
        self._steady: SteadyClock | None = None
        self._lock = threading.Lock()

    def hold_steady(self) -> None:
        """From now on, do not believe a jump of the system's clock before it has lasted for a while."""
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
        """What time it is, after a device said what its clock shows; now_ms is what it was before that."""
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
