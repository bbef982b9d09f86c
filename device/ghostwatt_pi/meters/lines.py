"""The Arduino's lines: what one means, and what is wrong with it.

Arduino -> Pi  {"voltage": 230.1, "current": 0.4, "power": 92.0}             a reading of the only outlet
Arduino -> Pi  {"port": 2, "voltage": 230.1, "current": 0.4, "power": 92.0}  of one of several
Arduino -> Pi  {"port": 2, "relay": "off", "ok": true}                       the command is done (`ok` may be missing)
Arduino -> Pi  {"port": 2, "error": "no_answer"}                             the sensor of this outlet cannot be read
Arduino -> Pi  {"hello": "ghostwatt"}                                        it has started anew
Pi -> Arduino  {"port": 2, "relay": "off"}

Each may end in `,"crc": N}` (see checksum.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.checksum import is_sealed, sealed
from ghostwatt_pi.meters.line_splitter import MAX_LINE_BYTES
from ghostwatt_pi.wire import RelayState

Sort = Literal[
    "garbled", "half_line", "too_long", "not_json", "not_a_reading", "out_of_range", "bad_crc", "sensor", "disconnected"
]
SORTS: tuple[Sort, ...] = (
    "garbled",  # bytes that are no text, as a wrong baud rate gives
    "half_line",  # its start or its end is missing
    "too_long",
    "not_json",
    "not_a_reading",  # JSON without the fields of any line above
    "out_of_range",  # volts, amps or watts that no outlet has
    "bad_crc",  # or none, on a line that had one before
    "sensor",  # the Arduino says that a sensor does not answer
    "disconnected",  # the port went away or failed
)
"""Every sort of error on the line."""


class BadLine(Exception):
    """A line that says nothing; `sort` is one of SORTS."""

    def __init__(self, sort: Sort) -> None:
        super().__init__(sort)
        self.sort: Sort = sort


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The Arduino's answer to a relay command: whether it is `done`."""

    channel: int
    state: RelayState
    done: bool


@dataclass(frozen=True, slots=True)
class Hello:
    """The Arduino has started: after a reset, a power loss, or the opening of its port."""


@dataclass(frozen=True, slots=True)
class SensorError:
    """The Arduino is well, but the sensor of an outlet does not answer."""


Line = Measurement | Acknowledgement | Hello | SensorError


def parse_line(text: bytes, timestamp_ms: int, *, with_crc: bool) -> tuple[Line, bool]:
    """What a line says, and whether a checksum proves it; a measurement gets the stamp.

    When a line end was damaged two lines come as one: then the last of them is read. With `with_crc` a line without a
    checksum is bad. Raises BadLine.
    """
    text = text.strip()
    if len(text) > MAX_LINE_BYTES:
        raise BadLine("too_long")
    try:
        return _parse(text, timestamp_ms, with_crc=with_crc)
    except BadLine:
        last = text.rfind(b"{")
        if last <= 0:
            raise
        return _parse(text[last:], timestamp_ms, with_crc=with_crc)


def command_line(channel: int, state: RelayState, *, with_crc: bool) -> bytes:
    """The relay command, with its line end."""
    text = json.dumps({"port": channel, "relay": state}).encode()
    return (sealed(text) if with_crc else text) + b"\n"


def _parse(text: bytes, timestamp_ms: int, *, with_crc: bool) -> tuple[Line, bool]:
    fields = _fields(text)
    proven = _check_crc(text, fields, wanted=with_crc)
    return _understand(fields, timestamp_ms), proven


def _fields(text: bytes) -> dict[str, Any]:
    if any(byte < 0x20 or byte > 0x7E for byte in text):  # noqa: PLR2004 - the bounds of printable ASCII
        raise BadLine("garbled")
    if text.startswith(b"{") != text.endswith(b"}"):
        raise BadLine("half_line")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BadLine("not_json") from None
    if not isinstance(fields, dict):
        raise BadLine("not_a_reading")
    return fields


def _check_crc(text: bytes, fields: dict[str, Any], *, wanted: bool) -> bool:
    """Whether there is a checksum, and a right one."""
    if "crc" not in fields and not wanted:
        return False
    if not is_sealed(text):
        raise BadLine("bad_crc")
    return True


def _understand(fields: dict[str, Any], timestamp_ms: int) -> Line:
    if "hello" in fields:
        return Hello()
    if "error" in fields:
        return SensorError()
    try:
        channel = int(fields.get("port", 1))
        if fields.get("relay") in ("on", "off"):
            return Acknowledgement(channel, fields["relay"], fields.get("ok", True) is True)
        volts, amps, watts = (float(fields[name]) for name in ("voltage", "current", "power"))
    except (ValueError, KeyError, TypeError, OverflowError):
        raise BadLine("not_a_reading") from None
    measurement = Measurement(channel, timestamp_ms, volts, amps, watts)
    if not measurement.is_plausible():
        raise BadLine("out_of_range")
    return measurement
