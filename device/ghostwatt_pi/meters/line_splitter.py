"""Cuts what comes from the Arduino into lines."""

from __future__ import annotations

MAX_LINE_BYTES = 1024
"""More without a line end is noise, as from a wrong baud rate."""


class LineSplitter:
    """One over MAX_LINE_BYTES is cut off there, and the rest of it skipped."""

    def __init__(self) -> None:
        self.rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends."""
        *lines, rest = (self.rest + data).split(b"\n")
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if len(rest) > MAX_LINE_BYTES:
            if not self._skipping:
                lines.append(rest)
            self._skipping = True
        self.rest = b"" if self._skipping else rest
        return [line for line in lines if line.strip()]
