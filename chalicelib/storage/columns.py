"""Columns of readings to bytes and back: small enough that a minute of four ports is one kilobyte."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Mapping
from itertools import accumulate, pairwise

import msgspec

from chalicelib.domain.readings import Columns

PLAIN, COUNTED = b"\x01", b"\x02"
"""Formats: four columns a port, or a fifth one with the meter's counter, empty for those ports that have none."""
LEVEL = 1
"""zlib's fastest: the columns are so regular that more effort gains little."""


class Unreadable(ValueError):
    """Bytes that are no columns, or of a format that is not known here."""


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    first_ms: int
    steps: bytes
    milliwatts: bytes
    millivolts: bytes
    milliamps: bytes
    milliwatt_hours: bytes = b""


_DECODER = msgspec.msgpack.Decoder(dict[str, _Packed])


def pack(ports: Mapping[str, Columns]) -> bytes:
    """Columns by port as bytes: stamps as steps from the one before, figures as 32-bit integers, deflated.

    Counters are 64-bit integers, -1 where the meter said nothing.
    """
    is_counted = any(columns.is_counted for columns in ports.values())
    packed = {
        port_id: (*_figures(columns), _counts(columns)) if is_counted else _figures(columns)
        for port_id, columns in ports.items()
    }
    return (COUNTED if is_counted else PLAIN) + zlib.compress(msgspec.msgpack.encode(packed), LEVEL)


def unpack(packed: bytes) -> dict[str, Columns]:
    """What pack was given; raises Unreadable."""
    if packed[:1] not in (PLAIN, COUNTED):
        raise Unreadable(f"unknown format of readings {packed[:1]!r}")
    try:
        return {port_id: _unpack(parts) for port_id, parts in _DECODER.decode(zlib.decompress(packed[1:])).items()}
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise Unreadable(f"broken readings: {error}") from error


def _figures(columns: Columns) -> tuple[int | bytes, ...]:
    steps = [later - earlier for earlier, later in pairwise(columns.times_ms)]
    figures = (steps, columns.milliwatts, columns.millivolts, columns.milliamps)
    return columns.times_ms[0], *(array("I", figure).tobytes() for figure in figures)


def _counts(columns: Columns) -> bytes:
    if not columns.is_counted:
        return b""
    return array("q", [-1 if count is None else count for count in columns.milliwatt_hours]).tobytes()


def _unpack(packed: _Packed) -> Columns:
    times_ms = list(accumulate(array("I", packed.steps), initial=packed.first_ms))
    watts, volts, amps = (
        array("I", figure).tolist() for figure in (packed.milliwatts, packed.millivolts, packed.milliamps)
    )
    counts = [None if count < 0 else count for count in array("q", packed.milliwatt_hours)]
    return Columns(times_ms, watts, volts, amps, counts)
