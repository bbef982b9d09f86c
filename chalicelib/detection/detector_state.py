"""What the detector remembers of a port, and its packed form."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from chalicelib.core.times import LATEST_MS
from chalicelib.detection import dwell, earlier_states, histogram

NEVER = -1
"""In place of a time that has not been yet."""
_MOST, _MOST_HELD, _MOST_MICROJOULES = 10**9, 1_000, 4 * 10**18
"""Far over what a detector can have counted or summed, and under what its packed form holds."""
NOTHING_DRAWN = 255
"""In place of the last fold's bin: nothing was drawn all through it."""


@dataclass(slots=True)
class State:
    """The memory of one port. A value: step works on a copy. Times are epoch ms, NEVER for none yet.

    Sums are whole numbers, so that they do not depend on how readings were cut and batched: microjoules (a milliwatt
    for a millisecond) and milliseconds.

    The newest reading: watermark_ms, last_milliwatts. The fold under way: fold_since_ms, covered_ms (how much of its
    time is known), fold_microjoules, held_ms (how long readings held), samples (those that did not go on from one that
    held), use_ms and use_microjoules (the part in use), relay_was_off (1: at some time in it). The fold before it:
    last_bin of the histogram (NOTHING_DRAWN: none), counted last_minutes. The stretch of the fixed rule:
    fixed_since_ms, fixed_microjoules, fixed_zero_ms (how long 0 W has been read, up to the newest reading). Idle:
    idle_since_ms and the highest fold since, idle_peak_watts; within it standby, which begins anew when power returns
    after off: standby_since_ms, standby_covered_ms, standby_microjoules, zero_minutes (in a row). in_use_at_ms: the
    last use. found_since_ms: where the spell began that was found last, until its end is told.
    Learned: threshold_watts, standby_watts and use_watts of the gap (0 for none), watt_minutes (the histogram),
    idle_runs, and of programmes heat_minutes of the session, heated_sessions, sustained_sessions.
    uses_learnt and false_learnt: how many of the person's verdicts it has learnt from.
    pace_ms: how far apart readings come that do not say that they held. episode: the use under way, 0 for none, 1 while
    it was seen in a single reading, else 2; episodes have ended so far, of which glimpses were seen in a single one.
    """

    watermark_ms: int = NEVER
    last_milliwatts: int = 0
    fold_since_ms: int = NEVER
    samples: int = 0
    held_ms: int = 0
    covered_ms: int = 0
    fold_microjoules: int = 0
    use_ms: int = 0
    use_microjoules: int = 0
    relay_was_off: int = 0
    last_bin: int = 0
    last_minutes: int = 0
    fixed_since_ms: int = NEVER
    fixed_microjoules: int = 0
    fixed_zero_ms: int = 0
    idle_since_ms: int = NEVER
    idle_peak_watts: float = 0.0
    standby_since_ms: int = NEVER
    standby_covered_ms: int = 0
    standby_microjoules: int = 0
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
    pace_ms: int = 0
    episode: int = 0
    episodes: int = 0
    glimpses: int = 0
    watt_minutes: list[int] = field(default_factory=lambda: [0] * histogram.BINS)
    idle_runs: list[int] = field(default_factory=lambda: [0] * dwell.BINS)

    @property
    def last_watts(self) -> float:
        """The power of the newest reading."""
        return self.last_milliwatts / 1_000

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
        values = {name: getattr(self, name) for name in _SCALARS}
        energies = [values.pop(name) for name in _ENERGIES]
        broken = [value for value in values.values() if isinstance(value, float)]
        return (
            all(0 <= energy <= _MOST_MICROJOULES for energy in energies)
            and all(NEVER <= value <= LATEST_MS for value in values.values() if isinstance(value, int))
            and all(math.isfinite(value) and 0 <= value <= _MOST for value in broken)
            and max(self.last_milliwatts, self.samples, self.held_ms, self.covered_ms, self.use_ms) <= _MOST
            and max(self.uses_learnt, self.false_learnt) <= _MOST
            and max(self.heat_minutes, self.episodes) <= _MOST_HELD
            and max(self.watt_minutes) <= histogram.MEMORY_MINUTES
            and max(self.idle_runs) <= dwell.MEMORY_RUNS
            and (self.last_bin < histogram.BINS or self.last_bin == NOTHING_DRAWN)
        )

    def pack(self) -> bytes:
        """The state as PACKED_BYTES bytes, the first of them the format's version."""
        return _PACKED.pack(_FORMAT, *_scalars_of(self), *self.watt_minutes, *self.idle_runs)

    @classmethod
    def unpack(cls, packed: bytes) -> State:
        """The state that pack gave, in this format or one of those before (earlier_states).

        Of no bytes, and of another format, that of a new port: it learns anew.
        """
        if not packed:
            return cls()
        if packed[0] == _FORMAT:
            _, *values = _PACKED.unpack(packed)
            scalars, watt_minutes = values[:-_LISTED], values[-_LISTED : -dwell.BINS]
            fields: list[Any] = [*scalars, watt_minutes, values[-dwell.BINS :]]
            return cls(*fields)
        return cls(**earlier_states.unpack(packed))


_LEARNED = (
    "threshold_watts",
    "standby_watts",
    "use_watts",
    "minutes_unlearnt",
    "heated_sessions",
    "sustained_sessions",
    "uses_learnt",
    "false_learnt",
    "pace_ms",
    "episodes",
    "glimpses",
    "watt_minutes",
    "idle_runs",
)
_FORMAT = 4
_SCALARS = State.__slots__[:-2]
_ENERGIES = ("fold_microjoules", "use_microjoules", "fixed_microjoules", "standby_microjoules")
_LISTED = histogram.BINS + dwell.BINS
_values_of, _scalars_of = attrgetter(*State.__slots__), attrgetter(*_SCALARS)
_PACKED = struct.Struct(f"<B qi qIIIqIq BBB qqI qd qqqB qq ddd BHHH II IBHH {_LISTED}H".replace(" ", ""))
PACKED_BYTES = _PACKED.size
