"""Ctrl-C under make: the terminal signals make too, which then always ends as interrupted, however clean its child.

So a program that make started in the foreground takes the terminal for a process group of its own: Ctrl-C is for the
program alone, and make sees its exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_foreground() -> Iterator[None]:
    """Be alone in the terminal's foreground meanwhile; does nothing without a terminal, or where we are so already."""
    group = os.getpgrp()
    if not sys.stdin.isatty() or group == os.getpid() or os.tcgetpgrp(sys.stdin.fileno()) != group:
        yield
        return
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # stopped alone, we would hold the terminal with nobody to wake us
    os.setpgid(0, 0)
    _give_terminal(os.getpgrp())
    try:
        yield
    finally:
        _give_terminal(group)


def _give_terminal(group: int) -> None:
    """A process in the background is stopped for asking, unless it ignores that."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(sys.stdin.fileno(), group)
    signal.signal(signal.SIGTTOU, before)
