"""`ghostwatt-pi` in a hurry, as a process: `fast_pi.py SPEED COMMAND ...`.

Its monotonic clock runs SPEED times as fast, so that pauses, intervals and silences of minutes are over in seconds.
"""

from __future__ import annotations

import sys
import time


class FastClock:
    """A monotonic clock that runs `speed` times as fast. An object, since pyserial keeps it as a class's attribute."""

    def __init__(self, speed: int) -> None:
        self._speed, self._real = speed, time.monotonic

    def __call__(self) -> float:
        return self._real() * self._speed


time.monotonic = FastClock(int(sys.argv.pop(1)))

from ghostwatt_pi.cli import main  # noqa: E402 - the clock first

sys.exit(main())
