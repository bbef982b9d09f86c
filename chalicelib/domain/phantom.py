"""Phantom detection: threshold, dwell and hysteresis as one pure incremental step.

State in, readings of one port in, state and verdict out; the clock is the readings' own. The caller loads and saves
the state and decides, by the port's policy, what follows from a verdict.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

DEFAULT_THRESHOLD_WATTS = 10.0
DEFAULT_DWELL_SECONDS = 1_800
"""Where the owner gives none: the rule of the guides (10 W) held for half an hour."""
HYSTERESIS = 1.2
"""In use begins a fifth above the threshold: a standby load that wanders around it does not start anew each time."""
MAX_GAP_MS = 120_000
"""Past two minutes without a reading nobody knows what the appliance did: the dwell starts again."""

_PACKED = struct.Struct("<BQQddQ")
_FORMAT = 1
_NONE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What the owner set, and since when a person wants to be left alone (undone_at_ms)."""

    threshold_watts: float | None = None
    dwell_seconds: int | None = None
    undone_at_ms: int | None = None

    @property
    def threshold(self) -> float:
        """Below this, and above nothing, is standby, in watts."""
        return DEFAULT_THRESHOLD_WATTS if self.threshold_watts is None else self.threshold_watts

    @property
    def dwell_ms(self) -> int:
        """How long standby must last."""
        return 1_000 * (DEFAULT_DWELL_SECONDS if self.dwell_seconds is None else self.dwell_seconds)


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a port.

    The newest reading's time (watermark), the stretch of standby under way with its energy so far (for its mean
    watts), and when the appliance was last in use. Times are epoch ms, -1 for none yet.
    """

    watermark_ms: int = -1
    standby_since_ms: int = -1
    joules: float = 0.0
    last_watts: float = 0.0
    in_use_at_ms: int = -1

    def pack(self) -> bytes:
        """The state as 41 bytes."""
        times = (self.watermark_ms, self.standby_since_ms, self.in_use_at_ms)
        watermark, since, in_use = (_NONE if at_ms < 0 else at_ms for at_ms in times)
        return _PACKED.pack(_FORMAT, watermark, since, self.joules, self.last_watts, in_use)

    @classmethod
    def unpack(cls, packed: bytes) -> State:
        """The state that pack gave; of no bytes, that of a new port."""
        if not packed:
            return cls()
        _, watermark, since, joules, last_watts, in_use = _PACKED.unpack(packed)
        times = [-1 if at_ms == _NONE else at_ms for at_ms in (watermark, since, in_use)]
        return cls(times[0], times[1], joules, last_watts, times[2])


@dataclass(frozen=True, slots=True)
class Finding:
    """Standby that has lasted for the dwell and still holds at the newest reading: mean watts since since_ms."""

    since_ms: int
    at_ms: int
    watts: float
    threshold_watts: float
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the newest reading means.

    A finding while standby stands, when the appliance was last in use among these readings (which ends a phantom
    event), and its status now.
    """

    finding: Finding | None
    used_at_ms: int | None
    status: Literal["active", "standby", "off"]


def step(state: State, rule: Rule, times_ms: Sequence[int], watts: Sequence[float]) -> tuple[State, Verdict]:
    """Take the readings of one port, oldest first (epoch ms, watts), into its state.

    Readings at or before the watermark change nothing: duplicates and latecomers are safe to pass.
    """
    used_at_ms = None
    for at_ms, reading_watts in zip(times_ms, watts, strict=True):
        if at_ms <= state.watermark_ms:
            continue
        state = _take(state, rule, at_ms, reading_watts)
        if state.in_use_at_ms == at_ms:
            used_at_ms = at_ms
    return state, Verdict(_finding(state, rule), used_at_ms, status(state.last_watts, rule.threshold))


def status(watts: float, threshold_watts: float) -> Literal["active", "standby", "off"]:
    """What a port is at these watts: nothing drawn is off, below the threshold is standby."""
    if watts <= 0:
        return "off"
    return "standby" if watts < threshold_watts else "active"


def _take(state: State, rule: Rule, at_ms: int, watts: float) -> State:
    elapsed_ms = at_ms - state.watermark_ms
    broken = state.watermark_ms < 0 or elapsed_ms > MAX_GAP_MS
    in_standby = state.standby_since_ms >= 0 and not broken
    if in_standby and 0 < watts < rule.threshold * HYSTERESIS:
        joules = state.joules + state.last_watts * elapsed_ms / 1_000
        return replace(state, watermark_ms=at_ms, joules=joules, last_watts=watts)
    since_ms = at_ms if 0 < watts < rule.threshold else -1
    in_use_at_ms = at_ms if watts >= rule.threshold else state.in_use_at_ms
    return State(at_ms, since_ms, 0.0, watts, in_use_at_ms)


def _finding(state: State, rule: Rule) -> Finding | None:
    standing_ms = state.watermark_ms - state.standby_since_ms
    stands = state.standby_since_ms >= 0 and state.last_watts < rule.threshold
    if not stands or standing_ms < rule.dwell_ms or _left_alone(state, rule):
        return None
    watts = state.joules * 1_000 / standing_ms if standing_ms else state.last_watts
    minute_ms = 60_000
    minutes, seconds = f"{standing_ms / minute_ms:.0f} min", f"{standing_ms / 1_000:.0f} s"
    lasted = f"for {minutes if standing_ms >= minute_ms else seconds}"
    reason = f"{watts:.1f} W {lasted}, below {rule.threshold:g} W"
    return Finding(state.standby_since_ms, state.watermark_ms, watts, rule.threshold, reason)


def _left_alone(state: State, rule: Rule) -> bool:
    """A person switched the outlet on again, and it has not been in use since."""
    return rule.undone_at_ms is not None and state.in_use_at_ms <= rule.undone_at_ms
