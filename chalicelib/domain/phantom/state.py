"""What the detector remembers of a port, and its packed form."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from chalicelib.domain.phantom import histogram, patience

NEVER = -1
"""In place of a time that has not been yet."""


@dataclass(slots=True)
class State:
    """The memory of one port. A value: step works on a copy. Times are epoch ms, NEVER for none yet.

    The newest reading: watermark_ms, last_watts. The fold under way: minute it began in (from the epoch), readings,
    watt_sum. The stretch of the fixed rule: fixed_since_ms, fixed_joules. Idle, by minutes: idle_since_ms and the
    highest minute since, idle_peak_watts; within it standby, which begins anew when power returns after off:
    standby_since_ms, standby_minutes, standby_watt_minutes, zero_minutes (in a row). in_use_at_ms: the last use.
    found_since_ms: where the spell began that was found last, until its end is told.
    Learned: threshold_watts, standby_watts and use_watts of the gap (0 for none), watt_minutes (the histogram),
    idle_runs, and of programmes heat_minutes of the session, heated_sessions, sustained_sessions.
    uses_learnt and false_learnt: how many of the person's verdicts it has learnt from.
    """

    watermark_ms: int = NEVER
    last_watts: float = 0.0
    minute: int = NEVER
    readings: int = 0
    watt_sum: float = 0.0
    fixed_since_ms: int = NEVER
    fixed_joules: float = 0.0
    idle_since_ms: int = NEVER
    idle_peak_watts: float = 0.0
    standby_since_ms: int = NEVER
    standby_minutes: int = 0
    standby_watt_minutes: float = 0.0
    zero_minutes: int = 0
    in_use_at_ms: int = NEVER
    found_since_ms: int = NEVER
    threshold_watts: float = 0.0
    standby_watts: float = 0.0
    use_watts: float = 0.0
    minutes_unlearnt: int = 0
    heat_minutes: int = 0
    heated_sessions: int = 0
    sustained_sessions: int = 0
    uses_learnt: int = 0
    false_learnt: int = 0
    watt_minutes: list[int] = field(default_factory=lambda: [0] * histogram.BINS)
    idle_runs: list[int] = field(default_factory=lambda: [0] * patience.BINS)

    def copy(self) -> State:
        """Another state with the same contents."""
        return replace(self, watt_minutes=self.watt_minutes.copy(), idle_runs=self.idle_runs.copy())

    def learned(self) -> State:
        """What it knows of the appliance, without anything that hangs on the time of its newest reading."""
        return State(**{name: getattr(self, name) for name in _LEARNED})

    def pack(self) -> bytes:
        """The state as PACKED_BYTES bytes, the first of them the format's version."""
        scalars = (getattr(self, name) for name in _SCALARS)
        return _PACKED.pack(_FORMAT, *scalars, *self.watt_minutes, *self.idle_runs)

    @classmethod
    def unpack(cls, packed: bytes) -> State:
        """The state that pack gave; of no bytes, that of a new port, and so of another format (it learns anew)."""
        if not packed or packed[0] != _FORMAT:
            return cls()
        _, *values = _PACKED.unpack(packed)
        runs_at = len(_SCALARS) + histogram.BINS
        state = cls(*values[: len(_SCALARS)])
        state.watt_minutes, state.idle_runs = values[len(_SCALARS) : runs_at], values[runs_at:]
        return state


_LEARNED = (
    "threshold_watts",
    "standby_watts",
    "use_watts",
    "minutes_unlearnt",
    "heated_sessions",
    "sustained_sessions",
    "uses_learnt",
    "false_learnt",
    "watt_minutes",
    "idle_runs",
)
_FORMAT = 2
"""Format 1 was that of the fixed rule alone."""
_SCALARS = State.__slots__[:-2]
_PACKED = struct.Struct(f"<B qdqId qd qdqIdHqq ddd BHHH II {histogram.BINS}H{patience.BINS}H".replace(" ", ""))
PACKED_BYTES = _PACKED.size
