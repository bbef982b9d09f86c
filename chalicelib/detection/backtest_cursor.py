"""Where a backtest goes on: the place in the readings, and all that the replay remembers, as opaque text."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace

import msgspec

from chalicelib.core.errors import Invalid
from chalicelib.core.times import LATEST_MS
from chalicelib.detection.backtest import Backtest, Cut
from chalicelib.detection.detector_state import State
from chalicelib.ports.model import Rule


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    position: str
    detector: bytes
    undone_at_ms: int | None
    uses_confirmed: int
    false_cuts: int
    standing: Cut | None


MOST_VERDICTS = 10**6
"""More cuts than a replay of all that is kept can make."""
_DECODER = msgspec.msgpack.Decoder(_Packed)


def pack(test: Backtest, position: str) -> str:
    """A replay that goes on at this place."""
    rule = test.rule
    packed = _Packed(
        position, test.state.pack(), rule.undone_at_ms, rule.uses_confirmed, rule.false_cuts, test.standing
    )
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(packed)).decode()


def load(cursor: str, rule: Rule) -> tuple[Backtest, str]:
    """The replay behind a cursor, under the same rule, and its place; raises Invalid for text that is none of ours."""
    try:
        packed = _DECODER.decode(base64.urlsafe_b64decode(cursor))
        state = State.unpack(packed.detector)
    except (ValueError, OverflowError, msgspec.MsgspecError, struct.error) as error:
        raise _bad_cursor() from error
    counts = packed.uses_confirmed, packed.false_cuts, packed.undone_at_ms or 0
    if not state.is_sound or not all(0 <= count <= LATEST_MS for count in counts) or sum(counts[:2]) > MOST_VERDICTS:
        raise _bad_cursor()
    if packed.standing is not None and not packed.standing.is_sound:
        raise _bad_cursor()
    taught = replace(
        rule,
        undone_at_ms=packed.undone_at_ms,
        uses_confirmed=packed.uses_confirmed,
        false_cuts=packed.false_cuts,
    )
    return Backtest(taught, state, packed.standing), packed.position


def _bad_cursor() -> Invalid:
    return Invalid("This is not a cursor of a backtest.", code="invalid", field="cursor")
