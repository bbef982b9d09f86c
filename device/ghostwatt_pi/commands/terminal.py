"""Talks with a person at the terminal: times, figures, progress, questions; and prints the JSON of a command."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TextIO

from ghostwatt_pi.buffer.stats import BufferStats

BAR_WIDTH = 30
REDRAW_SECONDS = 0.2


def ago(at_ms: int | None, now_ms: int) -> str:
    """Format the time that has passed since `at_ms`, in one unit."""
    if at_ms is None:
        return "never"
    seconds = max(0, (now_ms - at_ms) // 1000)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def iso(at_ms: int | None) -> str | None:
    """Format a time as ISO 8601, UTC, with milliseconds and Z, as everywhere in the contract."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def backlog_size(buffer: BufferStats) -> str:
    """Format the size of the backlog."""
    if buffer.damage:
        return f"unknown: the buffer is damaged ({buffer.damage}); the agent repairs it when it starts"
    return f"{buffer.depth:,} readings, {buffer.bytes / 1e6:.1f} MB"


def print_rows(rows: Mapping[str, str]) -> None:
    """Print two columns."""
    width = max(map(len, rows))
    sys.stdout.writelines(f"{name:{width}}  {value}\n" for name, value in rows.items())


def print_json(document: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def ask_at_terminal() -> Callable[[str], str] | None:
    """Return how to ask a person; None when nobody is at a terminal."""
    return input if sys.stdin.isatty() and sys.stdout.isatty() else None


def is_confirmed(question: str) -> bool:
    """Ask a question, and return whether a person at a terminal says yes."""
    ask = ask_at_terminal()
    return ask is not None and ask(f"{question} [y/N] ").lower() in ("y", "yes")


class ProgressBar:
    """One line that is drawn over and over, and only at a terminal.

    Args:
        label: The word before the bar.
        total: The figure at which all is done.
        out: The stream to draw on.
    """

    def __init__(self, label: str, total: int, out: TextIO = sys.stderr) -> None:
        self._label, self._total, self._out = label, max(1, total), out
        self._is_shown = out.isatty()
        self._next_draw = 0.0

    def show(self, done: int) -> None:
        """Draw the progress, at most five times a second."""
        now = time.monotonic()
        if self._is_shown and (now >= self._next_draw or done >= self._total):
            self._next_draw = now + REDRAW_SECONDS
            self._out.write("\r" + bar_text(self._label, done, self._total))
            self._out.flush()

    def end(self) -> None:
        """Leave the bar where it stands, and begin a new line."""
        if self._is_shown:
            self._out.write("\n")
            self._out.flush()


def bar_text(label: str, done: int, total: int) -> str:
    """Format the line: a bar, the share, the figures."""
    share = min(1.0, done / total)
    filled = round(share * BAR_WIDTH)
    return f"{label} [{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%} {done:,} of {total:,}"
