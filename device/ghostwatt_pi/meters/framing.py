"""How the Arduino's bytes become lines: where a line ends, and the checksum at its end.

A checksum is `,"crc": N}`: CRC-16/MODBUS of the bytes before that comma, as a decimal number. A flipped bit can leave a
line that reads well with another number in it; only the checksum shows it.
"""

from __future__ import annotations

import re

MAX_LINE_BYTES = 1024
"""More bytes without a line end are noise, as from a wrong baud rate."""
LINE_END = re.compile(rb"\n|(?<=})\r")
"""LF, or a CR that ends an object: some boards send no LF. Of CR LF the LF then ends an empty line."""
CHECKSUM = re.compile(rb',\s*"crc"\s*:\s*(\d{1,5})\s*}$')


class LineSplitter:
    """Cuts bytes into lines. A line over MAX_LINE_BYTES is cut there, and the rest of it skipped.

    Attributes:
        rest: The bytes of the line that has not ended yet.
    """

    def __init__(self) -> None:
        self.rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take new bytes, and return the lines that are complete now, without their ends."""
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


def add_checksum(text: bytes) -> bytes:
    """Add the checksum to a JSON object's text, as its last field."""
    body = text[:-1]
    return body + b',"crc":%d}' % crc16(body)


def has_valid_checksum(text: bytes) -> bool:
    """Whether a line ends in the checksum of the bytes before it."""
    match = CHECKSUM.search(text)
    return match is not None and int(match[1]) == crc16(text[: match.start()])


def crc16(data: bytes) -> int:
    """Compute CRC-16/MODBUS (polynomial 0x8005 reflected, start 0xFFFF), which the sketch has for its power meters."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc
