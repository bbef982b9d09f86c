"""The fixed rule: a threshold that a person gave, a dwell, and hysteresis, reading by reading."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.phantom.state import NEVER, State
from chalicelib.domain.phantom.verdicts import Advice, Finding, Rule, reason

HYSTERESIS = 1.2
"""In use begins a fifth above the threshold: a standby load that wanders around it does not start anew each time."""


def take(
    state: State, threshold_watts: float, times_ms: Sequence[int], watts: Sequence[float], *, after_gap: bool
) -> int | None:
    """Take readings into the stretch of standby (state is changed); the time of the first that shows use, if any."""
    used_at_ms = None
    since_ms, joules = (NEVER if after_gap else state.fixed_since_ms), state.fixed_joules
    last_ms, last_watts = state.watermark_ms, state.last_watts
    for at_ms, reading_watts in zip(times_ms, watts, strict=True):
        if since_ms != NEVER and 0 < reading_watts < threshold_watts * HYSTERESIS:
            joules += last_watts * (at_ms - last_ms) / 1_000
        else:
            since_ms, joules = (at_ms if 0 < reading_watts < threshold_watts else NEVER), 0.0
            if reading_watts >= threshold_watts:
                used_at_ms, state.in_use_at_ms = used_at_ms or at_ms, at_ms
        last_ms, last_watts = at_ms, reading_watts
    state.fixed_since_ms, state.fixed_joules = since_ms, joules
    return used_at_ms


def find(state: State, rule: Rule, threshold_watts: float) -> Finding | None:
    """The finding, when standby has stood for the dwell and holds at the newest reading."""
    if state.fixed_since_ms == NEVER or state.last_watts >= threshold_watts:
        return None
    standing_ms = state.watermark_ms - state.fixed_since_ms
    if standing_ms < rule.dwell_ms:
        return None
    watts = state.fixed_joules * 1_000 / standing_ms if standing_ms else state.last_watts
    why = reason(watts, standing_ms, threshold_watts)
    advice: Advice = "notify" if rule.is_protected else "cut"
    return Finding(state.fixed_since_ms, state.watermark_ms, watts, threshold_watts, advice, why)
