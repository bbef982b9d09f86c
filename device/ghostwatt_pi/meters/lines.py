"""The Arduino's lines: what one means, and what is wrong with it.

Arduino -> Pi  {"voltage": 230.1, "current": 0.4, "power": 92.0}             a reading of the only outlet
Arduino -> Pi  {"port": 2, "voltage": 230.1, "current": 0.4, "power": 92.0}  of one of several
Arduino -> Pi  {"port": 2, "relay": "off", "ok": true}                       the command is done (`ok` may be missing)
Arduino -> Pi  {"port": 2, "error": "no_answer"}                             the sensor of this outlet cannot be read
Arduino -> Pi  {"hello": "ghostwatt"}                                        it has started anew
Pi -> Arduino  {"port": 2, "relay": "off"}

Each may end in `,"crc": N}` (see checksum.py). With voltage, current and power a line is a reading, whatever else it
has: `"relay"` is then the relay's state, fields that are not known are passed over. Only an error takes its place: a
text that is not empty, true, or a number but 0. `"error"` null, false, 0 or "" says that all is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.checksum import is_sealed, sealed
from ghostwatt_pi.meters.line_splitter import MAX_LINE_BYTES
from ghostwatt_pi.schemas import RelayState

Sort = Literal[
    "garbled",
    "half_line",
    "too_long",
    "not_json",
    "not_a_reading",
    "out_of_range",
    "ambiguous",
    "bad_crc",
    "sensor",
    "disconnected",
]
SORTS: tuple[Sort, ...] = (
    "garbled",  # bytes that are no text, as a wrong baud rate gives
    "half_line",  # its start or its end is missing
    "too_long",
    "not_json",
    "not_a_reading",  # JSON without the fields of any line above, or with something else in them
    "out_of_range",  # volts, amps or watts that no outlet has
    "ambiguous",  # a reading without a port, of one of several meters
    "bad_crc",  # or none, on a line that had one before
    "sensor",  # the Arduino says that a sensor does not answer
    "disconnected",  # the port went away or failed
)
"""Every sort of error on the line."""


VALUES = ("voltage", "current", "power")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"\d+", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ufffe\uffff]")
"""No text has these; a tab may stand between JSON's fields."""
NAMES = ("id", "meter", "sensor", "channel", "outlet", "device", "name", "addr", "address")
"""By these fields too a sketch may tell its meters apart; which port each would be nobody can say."""


class BadLine(Exception):
    """A line that says nothing; `sort` is one of SORTS, `why` names the field where there is one."""

    def __init__(self, sort: Sort, why: str = "") -> None:
        super().__init__(f"{sort}: {why}" if why else sort)
        self.sort: Sort = sort
        self.why = why or sort.replace("_", " ")


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


def meter_name(text: bytes) -> str | None:
    """Which of several meters the line of a reading names otherwise than by a port; empty when it names none.

    None for a line that has a port. As in `parse_line` the last of two glued lines counts.
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
    """The relay command, with its line end."""
    text = json.dumps({"port": channel, "relay": state}).encode()
    return (sealed(text) if with_crc else text) + b"\n"


def _parse(text: bytes, timestamp_ms: int, *, with_crc: bool) -> tuple[Line, bool]:
    fields = _fields(text)
    proven = _check_crc(text, fields, wanted=with_crc)
    return _understand(fields, timestamp_ms), proven


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


def _check_crc(text: bytes, fields: dict[str, Any], *, wanted: bool) -> bool:
    """Whether there is a checksum, and a right one."""
    if "crc" not in fields and not wanted:
        return False
    if not is_sealed(text):
        raise BadLine("bad_crc")
    return True


def _understand(fields: Mapping[str, Any], timestamp_ms: int) -> Line:
    if fields.get("error"):  # null, false, 0 and "" are none
        return SensorError()
    has_values = all(fields.get(name) is not None for name in VALUES)
    if "hello" in fields and not has_values:
        return Hello()
    channel = _channel(fields.get("port", 1))
    relay = _relay(fields.get("relay"))
    if relay and not has_values:
        return Acknowledgement(channel, relay, fields.get("ok", True) is True)
    volts, amps, watts = (_number(name, fields) for name in VALUES)
    measurement = Measurement(channel, timestamp_ms, volts, amps, watts, relay)
    if not measurement.is_plausible():
        raise BadLine("out_of_range")
    return measurement


def _channel(value: object) -> int:
    """The port: a whole number, also as text. Raises BadLine."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        return int(value)
    raise BadLine("not_a_reading", f"port is {value!r}")


def _relay(value: object) -> RelayState | None:
    """The relay's state; a field with anything else in it is not known here."""
    if value == "on":
        return "on"
    return "off" if value == "off" else None


def _number(name: str, fields: Mapping[str, Any]) -> float:
    """A number, also as text. Raises BadLine, naming the field."""
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
