"""Cuts what comes from the Arduino into lines."""

from __future__ import annotations

import re

MAX_LINE_BYTES = 1024
"""More without a line end is noise, as from a wrong baud rate."""
LINE_END = re.compile(rb"\n|(?<=})\r")
"""LF, or a CR that ends an object: some boards send no LF. Of CR LF the LF then ends an empty line."""


class LineSplitter:
    """One over MAX_LINE_BYTES is cut off there, and the rest of it skipped."""

    def __init__(self) -> None:
        self.rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends."""
        *lines, rest = LINE_END.split(self.rest + data)
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if len(rest) > MAX_LINE_BYTES:
            if not self._skipping:
                lines.append(rest)
            self._skipping = True
        self.rest = b"" if self._skipping else rest
        return [line for line in lines if line.strip()]
