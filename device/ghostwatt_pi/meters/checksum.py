"""The checksum at the end of a line, `,"crc": N}`: CRC-16/MODBUS of the bytes before that comma, as a decimal number.

A flipped bit can leave a line that reads well with another number in it; only the checksum tells.
"""

from __future__ import annotations

import re

CRC = re.compile(rb',\s*"crc"\s*:\s*(\d{1,5})\s*}$')


def sealed(text: bytes) -> bytes:
    """A JSON object's text with its checksum as the last field."""
    body = text[:-1]
    return body + b',"crc":%d}' % crc16(body)


def is_sealed(text: bytes) -> bool:
    """Whether a line ends in the checksum of what is before it."""
    found = CRC.search(text)
    return found is not None and int(found[1]) == crc16(text[: found.start()])


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS (polynomial 0x8005 reflected, start 0xFFFF): the sketch has it already for its power meters."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc
