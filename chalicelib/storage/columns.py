"""Columns of readings to bytes and back: small enough that a minute of four ports is one kilobyte."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Mapping
from itertools import accumulate, pairwise

import msgspec

from chalicelib.domain.readings import Columns

FORMAT = b"\x01"
LEVEL = 1
"""zlib's fastest: the columns are so regular that more effort gains little."""
_DECODER = msgspec.msgpack.Decoder(dict[str, tuple[int, bytes, bytes, bytes, bytes]])


def pack(ports: Mapping[str, Columns]) -> bytes:
    """Columns by port as bytes: stamps as steps from the one before, all figures as 32-bit integers, deflated."""
    packed = {port_id: _pack(columns) for port_id, columns in ports.items()}
    return FORMAT + zlib.compress(msgspec.msgpack.encode(packed), LEVEL)


def unpack(packed: bytes) -> dict[str, Columns]:
    """What pack was given; raises ValueError for another format."""
    if packed[:1] != FORMAT:
        raise ValueError(f"unknown format of readings {packed[:1]!r}")
    return {port_id: _unpack(*parts) for port_id, parts in _DECODER.decode(zlib.decompress(packed[1:])).items()}


def _pack(columns: Columns) -> tuple[int, bytes, bytes, bytes, bytes]:
    steps = [later - earlier for earlier, later in pairwise(columns.times_ms)]
    figures = (steps, columns.milliwatts, columns.millivolts, columns.milliamps)
    return columns.times_ms[0], *(array("I", figure).tobytes() for figure in figures)  # type: ignore[return-value]  # four


def _unpack(first_ms: int, steps: bytes, *figures: bytes) -> Columns:
    times_ms = list(accumulate(array("I", steps), initial=first_ms))
    return Columns(times_ms, *(array("I", figure).tolist() for figure in figures))
