"""A progress bar: one line that is drawn over and over, and only where a person looks at a terminal."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30
REDRAW_SECONDS = 0.2


class Progress:
    """So many of `total` are done. Draws on `out`, and nothing at all unless that is a terminal."""

    def __init__(self, what: str, total: int, out: TextIO = sys.stderr) -> None:
        self._what, self._total, self._out = what, max(1, total), out
        self._shown = out.isatty()
        self._next_draw = 0.0

    def at(self, done: int) -> None:
        """Draw how far it is, at most five times a second."""
        now = time.monotonic()
        if self._shown and (now >= self._next_draw or done >= self._total):
            self._next_draw = now + REDRAW_SECONDS
            self._out.write("\r" + bar(self._what, done, self._total))
            self._out.flush()

    def end(self) -> None:
        """Leave the bar where it stands, and begin a new line."""
        if self._shown:
            self._out.write("\n")
            self._out.flush()


def bar(what: str, done: int, total: int) -> str:
    """The line: a bar, the share, the figures."""
    share = min(1.0, done / total)
    filled = round(share * WIDTH)
    return f"{what} [{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%} {done:,} of {total:,}"
