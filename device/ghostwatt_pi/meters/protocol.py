"""The protocol of the Arduino's line: where a line ends, its checksum, and what it means.

Arduino -> Pi  {"voltage": 230.1, "current": 0.4, "power": 92.0}             a reading of the only outlet
Arduino -> Pi  {"port": 2, "voltage": 230.1, "current": 0.4, "power": 92.0}  of one of several
Arduino -> Pi  {"port": 2, "relay": "off", "ok": true}                       the command is done (`ok` may be missing)
Arduino -> Pi  {"port": 2, "error": "no_answer"}                             the sensor of this outlet cannot be read
Arduino -> Pi  {"hello": "ghostwatt"}                                        it has restarted
Pi -> Arduino  {"port": 2, "relay": "off"}

A line with voltage, current and power is a reading, whatever else it has: its `"relay"` is the relay's state, and
unknown fields are ignored. `"voltage"` and `"current"` may be null: this meter does not measure them.
An error takes precedence: a text that is not empty, true, or a number other than 0.
`"error"` null, false, 0 or "" is none.

Each line may end in a checksum, `,"crc": N}`: CRC-16/MODBUS of the bytes before that comma, as a decimal number. A
flipped bit can leave a line that reads well with another number in it; only the checksum shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.line_errors import BadLine
from ghostwatt_pi.schemas import RelayState

MAX_LINE_BYTES = 1024
"""More bytes without a line end are noise, as from a wrong baud rate."""
LINE_END = re.compile(rb"\n|(?<=})\r")
"""LF, or a CR that ends an object: some boards send no LF. Of CR LF the LF then ends an empty line."""
CHECKSUM = re.compile(rb',\s*"crc"\s*:\s*(\d{1,5})\s*}$')
VALUES = ("voltage", "current", "power")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"\d+", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffe\uffff]")
"""Characters that no line has; a tab may stand between JSON's fields."""
NAMES = ("id", "meter", "sensor", "channel", "outlet", "device", "name", "addr", "address")
"""Fields by which a sketch may distinguish its meters. Which port each is, they do not say."""


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


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The Arduino's answer to a relay command, and whether it was carried out."""

    channel: int
    state: RelayState
    done: bool


@dataclass(frozen=True, slots=True)
class Hello:
    """The Arduino has restarted: after a reset, a power loss, or the opening of its port."""


@dataclass(frozen=True, slots=True)
class SensorError:
    """The Arduino works, but the sensor of an outlet does not answer; the line may not say of which (None)."""

    channel: int | None = None


Line = Measurement | Acknowledgement | Hello | SensorError


def parse_line(text: bytes, timestamp_ms: int, *, with_crc: bool) -> tuple[Line, bool]:
    """Parse a line. When a line end was damaged, two lines come as one: then the last of them is parsed.

    Args:
        text: The line, without its end.
        timestamp_ms: The time of a measurement, epoch milliseconds.
        with_crc: Refuse a line without a checksum.

    Returns:
        The parsed line, and whether it has a valid checksum.

    Raises:
        BadLine: The line cannot be used.
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


def meter_name(text: bytes) -> str | None:
    """Return how the line of a reading names its meter when it has no port; empty when it does not name it.

    Returns None for a line with a port. As in `parse_line`, the last of two joined lines counts.
    """
    text = text.strip()
    try:
        fields = _fields(text)
    except BadLine:
        fields = _fields(text[text.rfind(b"{") :])
    if "port" in fields:
        return None
    return ", ".join(f"{name} {fields[name]!r}" for name in NAMES if name in fields)


def command_line(channel: int, state: RelayState, *, with_crc: bool) -> bytes:
    """Write the relay command, with its line end."""
    text = json.dumps({"port": channel, "relay": state}).encode()
    return (add_checksum(text) if with_crc else text) + b"\n"


def _parse(text: bytes, timestamp_ms: int, *, with_crc: bool) -> tuple[Line, bool]:
    fields = _fields(text)
    has_crc = _check_crc(text, fields, required=with_crc)
    return _interpret(fields, timestamp_ms), has_crc


def _fields(text: bytes) -> dict[str, Any]:
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        raise BadLine("garbled") from None
    if CONTROL.search(decoded):
        raise BadLine("garbled")
    if decoded.startswith("{") != decoded.endswith("}"):
        raise BadLine("half_line")
    try:
        fields = json.loads(decoded)
    except (ValueError, RecursionError):
        raise BadLine("not_json") from None
    if not isinstance(fields, dict):
        raise BadLine("not_a_reading")
    return fields


def _check_crc(text: bytes, fields: dict[str, Any], *, required: bool) -> bool:
    """Return whether the line has a checksum. Raises BadLine when it is wrong, or missing but required."""
    if "crc" not in fields and not required:
        return False
    if not has_valid_checksum(text):
        raise BadLine("bad_crc")
    return True


def _interpret(fields: Mapping[str, Any], timestamp_ms: int) -> Line:
    if fields.get("error"):  # null, false, 0 and "" are not errors
        return SensorError(_channel_if_whole(fields.get("port")))
    has_values = fields.get("power") is not None and all(name in fields for name in VALUES)
    if "hello" in fields and not has_values:
        return Hello()
    channel = _channel(fields.get("port", 1))
    relay = _relay(fields.get("relay"))
    if relay and not has_values:
        return Acknowledgement(channel, relay, fields.get("ok", True) is True)
    volts, amps = (_number_or_null(name, fields) for name in ("voltage", "current"))
    measurement = Measurement(channel, timestamp_ms, volts, amps, _number("power", fields), relay)
    if not measurement.is_plausible():
        raise BadLine("out_of_range")
    return measurement


def _channel(value: object) -> int:
    """Parse the port: a whole number, also as text. Raises BadLine."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        return int(value)
    raise BadLine("not_a_reading", f"port is {value!r}")


def _channel_if_whole(value: object) -> int | None:
    try:
        return None if value is None else _channel(value)
    except BadLine:
        return None


def _relay(value: object) -> RelayState | None:
    """Parse the relay's state; None for any other value, since the field may mean something else."""
    if value == "on":
        return "on"
    return "off" if value == "off" else None


def _number_or_null(name: str, fields: Mapping[str, Any]) -> float | None:
    """Parse a number; null stands for a value that this meter does not measure. Raises BadLine."""
    return None if fields.get(name, 0) is None else _number(name, fields)


def _number(name: str, fields: Mapping[str, Any]) -> float:
    """Parse a number, also as text. Raises BadLine, which names the field."""
    if name not in fields:
        raise BadLine("not_a_reading", f"{name} is missing")
    value = fields[name]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and NUMBER.fullmatch(value.strip())):
        raise BadLine("not_a_reading", f"{name} is {json.dumps(value)[:40]}")
    try:
        return float(value)
    except OverflowError:
        raise BadLine("out_of_range", f"{name} is too large") from None


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
