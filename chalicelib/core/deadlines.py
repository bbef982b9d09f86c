"""Deadlines: work that goes on for as long as there is time asks one between its steps."""

from __future__ import annotations

import time
from collections.abc import Callable

OutOfTime = Callable[[], bool]


def out_of(seconds: float) -> OutOfTime:
    """Whether so many seconds from now are over."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline
