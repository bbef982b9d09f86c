"""A progress bar for what takes long; at a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

WIDTH = 40
EVERY_SECONDS = 0.1


def show(title: str, parts_done: Iterable[float]) -> None:
    """Go through what yields how much of it is done (0 to 1), and show it."""
    shown_at = 0.0
    for done in parts_done:
        if sys.stdout.isatty() and (done >= 1 or time.monotonic() - shown_at > EVERY_SECONDS):
            shown_at = time.monotonic()
            filled = round(done * WIDTH)
            sys.stdout.write(f"\r{title} [{'#' * filled}{'.' * (WIDTH - filled)}] {done:4.0%}")
            sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write(f"\r{title} [{'#' * WIDTH}] 100%\n")
