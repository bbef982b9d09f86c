"""What a rule would have done to a port's past: the same detector over stored readings, nothing written.

After a cut the outlet counts as off until the recording shows use; what it drew until then would have been saved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from chalicelib.core.times import LATEST_MS
from chalicelib.detection.detector import MAX_GAP_MS, step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import Finding
from chalicelib.ports.model import Rule
from chalicelib.readings.model import Columns

WRONG_WITHIN_MS = 15 * 60_000
"""An appliance that is in use again within a quarter of an hour was not done yet: that cut counts as wrong."""
MOST = 10**12
"""No power in watts and no energy in joules of an outlet is more."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut that would have been made, and what came of it; restored_at_ms is None while the outlet is still off."""

    at_ms: int
    watts: float
    threshold_watts: float
    reason: str
    saved_joules: float = 0.0
    seen_at_ms: int = 0
    seen_watts: float = 0.0
    restored_at_ms: int | None = None

    @property
    def is_sound(self) -> bool:
        """Whether a replay can have made it: what comes with a cursor may hold anything."""
        watts = (self.watts, self.threshold_watts, self.saved_joules, self.seen_watts)
        return all(math.isfinite(value) and 0 <= value <= MOST for value in watts) and all(
            0 <= at_ms <= LATEST_MS for at_ms in (self.at_ms, self.seen_at_ms, self.restored_at_ms or 0)
        )

    @property
    def wrong(self) -> bool:
        """Whether the appliance was in use again too soon."""
        return self.restored_at_ms is not None and self.restored_at_ms - self.at_ms < WRONG_WITHIN_MS


@dataclass(slots=True)
class Backtest:
    """A replay under way: the detector's memory, the rule with what it has taught, the cut that stands, those ended."""

    rule: Rule
    state: State = field(default_factory=State)
    standing: Cut | None = None
    ended: list[Cut] = field(default_factory=list)
    readings: int = 0

    def take(self, columns: Columns) -> None:
        """Replay the readings of one chunk, as the stream took them."""
        times_ms, watts = columns.times_ms, [milliwatts / 1_000 for milliwatts in columns.milliwatts]
        self.readings += len(times_ms)
        start = self._while_off(columns, watts) if self.standing else 0
        if start == len(times_ms):
            return
        self.state, verdict = step_detector(
            self.state, self.rule, times_ms[start:], watts[start:], columns.held_ms[start:]
        )
        finding = verdict.finding
        if finding and finding.advice == "cut" and self.rule.policy == "cut":
            self.standing = _cut(finding, watts[-1])

    def _while_off(self, columns: Columns, watts: list[float]) -> int:
        """Count what is saved until the recording shows use; the index of that reading."""
        readings = zip(columns.times_ms, columns.held_ms, watts, strict=True)
        for index, (at_ms, held_ms, reading_watts) in enumerate(readings):
            if self.standing is None:
                return index
            since_ms = min(max(at_ms - held_ms, self.standing.seen_at_ms), at_ms)
            if reading_watts >= self.standing.threshold_watts:
                self._restore(since_ms)
                return index
            self.standing = _seen(self.standing, since_ms, at_ms, reading_watts)
        return len(watts)

    def _restore(self, at_ms: int) -> None:
        if self.standing is not None:
            self.ended.append(replace(self.standing, restored_at_ms=at_ms))
        self.standing = None
        wrong = self.ended[-1].wrong if self.ended else False
        self.rule = replace(
            self.rule,
            undone_at_ms=at_ms,
            uses_confirmed=self.rule.uses_confirmed + (not wrong),
            false_cuts=self.rule.false_cuts + wrong,
        )


def _cut(finding: Finding, watts: float) -> Cut:
    return Cut(
        at_ms=finding.at_ms,
        watts=finding.watts,
        threshold_watts=finding.threshold_watts,
        reason=finding.reason,
        seen_at_ms=finding.at_ms,
        seen_watts=watts,
    )


def _seen(cut: Cut, since_ms: int, at_ms: int, watts: float) -> Cut:
    """Add what was drawn until a reading that held since a time."""
    elapsed_ms = since_ms - cut.seen_at_ms
    mean_watts = (cut.seen_watts + watts) / 2
    saved = mean_watts * elapsed_ms / 1_000 if 0 < elapsed_ms <= MAX_GAP_MS else 0.0
    saved += watts * (at_ms - since_ms) / 1_000
    return replace(cut, saved_joules=cut.saved_joules + saved, seen_at_ms=at_ms, seen_watts=watts)
