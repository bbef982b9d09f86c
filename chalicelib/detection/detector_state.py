"""What the detector remembers of a port, and its packed form."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from operator import attrgetter

from chalicelib.core.times import LATEST_MS
from chalicelib.detection import dwell, histogram

NEVER = -1
"""In place of a time that has not been yet."""
_MOST, _MOST_HELD = 10**9, 1_000
"""Far over what a detector can have counted or summed, and far under what its packed form holds."""
NOTHING_DRAWN = 255
"""In place of the last fold's bin: nothing was drawn all through it."""


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
    Of the fold under way: use_readings and use_watt_sum of the readings in use, relay_was_off (1: the relay was off at
    one of its readings). The fold before it: last_bin of the histogram (NOTHING_DRAWN: none), counted last_minutes.
    fixed_zero_ms: how long 0 W has been read in the stretch of the fixed rule, up to the newest reading.
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
    fixed_zero_ms: int = 0
    use_readings: int = 0
    use_watt_sum: float = 0.0
    relay_was_off: int = 0
    last_bin: int = 0
    last_minutes: int = 0
    watt_minutes: list[int] = field(default_factory=lambda: [0] * histogram.BINS)
    idle_runs: list[int] = field(default_factory=lambda: [0] * dwell.BINS)

    def copy(self) -> State:
        """Another state with the same contents."""
        state = State(*_values_of(self))
        state.watt_minutes, state.idle_runs = self.watt_minutes.copy(), self.idle_runs.copy()
        return state

    def learned(self) -> State:
        """What it knows of the appliance, without anything that hangs on the time of its newest reading."""
        return State(**{name: getattr(self, name) for name in _LEARNED})

    @property
    def is_sound(self) -> bool:
        """Whether a detector can have come to this state: bytes from outside may hold anything."""
        whole = [getattr(self, name) for name in _SCALARS if isinstance(getattr(self, name), int)]
        broken = [getattr(self, name) for name in _SCALARS if isinstance(getattr(self, name), float)]
        return (
            all(NEVER <= value <= LATEST_MS for value in whole)
            and all(math.isfinite(value) and 0 <= value <= _MOST for value in broken)
            and max(self.standby_minutes, self.readings, self.use_readings, self.uses_learnt, self.false_learnt)
            <= _MOST
            and self.heat_minutes <= _MOST_HELD
            and max(self.watt_minutes) <= histogram.MEMORY_MINUTES
            and max(self.idle_runs) <= dwell.MEMORY_RUNS
            and (self.last_bin < histogram.BINS or self.last_bin == NOTHING_DRAWN)
        )

    def pack(self) -> bytes:
        """The state as PACKED_BYTES bytes, the first of them the format's version."""
        scalars = (getattr(self, name) for name in _SCALARS)
        return _PACKED.pack(_FORMAT, *scalars, *self.watt_minutes, *self.idle_runs)

    @classmethod
    def unpack(cls, packed: bytes) -> State:
        """The state that pack gave, in this format or the one before.

        Of no bytes, and of another format, that of a new port: it learns anew.
        """
        if packed and packed[0] in _LAYOUTS:
            return cls._from(packed, *_LAYOUTS[packed[0]])
        return cls()

    @classmethod
    def _from(cls, packed: bytes, layout: struct.Struct, scalars: int) -> State:
        _, *values = layout.unpack(packed)
        state, runs_at = cls(*values[:scalars]), scalars + histogram.BINS
        state.watt_minutes, state.idle_runs = values[scalars:runs_at], values[runs_at:]
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
_FORMAT = 3
"""Format 1 was that of the fixed rule alone; format 2 lacks the newest scalars, which then have their defaults."""
_SCALARS = State.__slots__[:-2]
_values_of = attrgetter(*State.__slots__)
_SCALARS_OF_FORMAT_2 = _SCALARS.index("fixed_zero_ms")


def _layout(newer_scalars: str) -> struct.Struct:
    scalars = f"qdqId qd qdqIdHqq ddd BHHH II {newer_scalars}"
    return struct.Struct(f"<B {scalars} {histogram.BINS}H{dwell.BINS}H".replace(" ", ""))


_PACKED = _layout("I Id BBB")
_LAYOUTS = {_FORMAT: (_PACKED, len(_SCALARS)), 2: (_layout(""), _SCALARS_OF_FORMAT_2)}
PACKED_BYTES = _PACKED.size
