"""Columns of readings to bytes and back: small enough that a minute of four ports is one write unit of DynamoDB."""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import msgspec

from chalicelib.readings.model import Columns

PLAIN, COUNTED, STEPS = b"\x01", b"\x02", b"\x03"
"""Formats; of the first two, 32-bit integers without and with the meter's counter, are older chunks. Only read."""
LEVEL = 1
"""zlib's fastest: the columns are so small by then that more effort gains a hundredth."""


class Unreadable(ValueError):
    """Bytes that are no columns, or of a format that is not known here."""


class _Steps(msgspec.Struct, frozen=True, array_like=True):
    """Each column: its first value, the least step to a next one, a unit, and by how many units each step is more."""

    times_ms: list[int]
    milliwatts: list[int]
    millivolts: list[int]
    milliamps: list[int]
    milliwatt_hours: list[int] | None = None


class _HeldSteps(_Steps, frozen=True, array_like=True):
    """The steps of a chunk in which a reading held; the others stay as they were before readings could."""

    held_ms: list[int] | None = None


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    first_ms: int
    steps: bytes
    milliwatts: bytes
    millivolts: bytes
    milliamps: bytes
    milliwatt_hours: bytes = b""


_STEPS_DECODER = msgspec.msgpack.Decoder(dict[str, _HeldSteps])
_PACKED_DECODER = msgspec.msgpack.Decoder(dict[str, _Packed])


def pack(ports: Mapping[str, Columns]) -> bytes:
    """Columns by port as bytes: what changes from reading to reading, in small whole numbers, deflated.

    Volts, amps and counters are -1 where the meter said nothing.
    """
    packed = {port_id: _steps_of(columns) for port_id, columns in ports.items()}
    return STEPS + zlib.compress(msgspec.msgpack.encode(packed), LEVEL)


def _steps_of(columns: Columns) -> _Steps:
    steps = _Steps(
        _differences(columns.times_ms),
        _differences(columns.milliwatts),
        _differences(_with_blanks(columns.millivolts)),
        _differences(_with_blanks(columns.milliamps)),
        _differences(_with_blanks(columns.milliwatt_hours)) if columns.is_counted else None,
    )
    if not any(columns.held_ms):
        return steps
    return _HeldSteps(**msgspec.structs.asdict(steps), held_ms=_differences(columns.held_ms))


def _with_blanks(figures: Sequence[int | None]) -> list[int]:
    return [-1 if figure is None else figure for figure in figures]


def _differences(figures: Sequence[int]) -> list[int]:
    steps = [later - earlier for earlier, later in pairwise(figures)]
    least = min(steps, default=0)
    unit = math.gcd(*(step - least for step in steps)) or 1
    return [figures[0], least, unit, *((step - least) // unit for step in steps)]


def unpack(packed: bytes) -> dict[str, Columns]:
    """What pack was given; raises Unreadable."""
    form, deflated = packed[:1], packed[1:]
    if form not in (PLAIN, COUNTED, STEPS):
        raise Unreadable(f"unknown format of readings {form!r}")
    try:
        content = zlib.decompress(deflated)
        if form == STEPS:
            return {port_id: _columns(parts) for port_id, parts in _STEPS_DECODER.decode(content).items()}
        return {port_id: _unpack(parts) for port_id, parts in _PACKED_DECODER.decode(content).items()}
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise Unreadable(f"broken readings: {error}") from error


def _columns(steps: _HeldSteps) -> Columns:
    return Columns(
        _figures(steps.times_ms),
        _figures(steps.milliwatts),
        _without_blanks(_figures(steps.millivolts)),
        _without_blanks(_figures(steps.milliamps)),
        _without_blanks(_figures(steps.milliwatt_hours)) if steps.milliwatt_hours else [],
        _figures(steps.held_ms) if steps.held_ms else [],
    )


def _figures(differences: Sequence[int]) -> list[int]:
    first, least, unit, *steps = differences
    return list(accumulate((least + unit * step for step in steps), initial=first))


def _unpack(packed: _Packed) -> Columns:
    times_ms = list(accumulate(array("I", packed.steps), initial=packed.first_ms))
    watts, volts, amps = (
        array("I", figure).tolist() for figure in (packed.milliwatts, packed.millivolts, packed.milliamps)
    )
    return Columns(times_ms, watts, [*volts], [*amps], _without_blanks(array("q", packed.milliwatt_hours)))


def _without_blanks(figures: Sequence[int]) -> list[int | None]:
    return [None if figure < 0 else figure for figure in figures]
