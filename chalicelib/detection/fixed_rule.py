"""The fixed rule: a threshold that a person gave, a dwell, and hysteresis, reading by reading."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.model import MINUTE_MS, Advice, Finding, reason
from chalicelib.ports.model import Rule

HYSTERESIS = 1.2
"""In use begins a fifth above the threshold: a standby load that wanders around it does not start anew each time."""


MAX_ZERO_MS = 10 * MINUTE_MS
OFF_SHARE, NEWEST_SHARE = 3, 10
"""A load of a watt reads 0 by turns on a meter that steps by two watts, and meters drop single readings. Only 0 W for a
third of the dwell, ten minutes at most, is an appliance that is off. Where the newest readings are 0 W, standby is
found as long as they last for less than a tenth of the dwell."""


def take(
    state: State,
    rule: Rule,
    threshold_watts: float,
    times_ms: Sequence[int],
    watts: Sequence[float],
    *,
    after_gap: bool,
) -> int | None:
    """Take readings into the stretch of standby (state is changed); the time of the first that shows use, if any."""
    used_at_ms, off_after_ms = None, min(MAX_ZERO_MS, rule.dwell_ms // OFF_SHARE)
    since_ms, joules, zero_ms = (NEVER if after_gap else state.fixed_since_ms), state.fixed_joules, state.fixed_zero_ms
    last_ms, last_watts = state.watermark_ms, state.last_watts
    for at_ms, reading_watts in zip(times_ms, watts, strict=True):
        zero_ms = zero_ms + at_ms - last_ms if reading_watts <= 0 else 0
        drawing = reading_watts > 0 or zero_ms < off_after_ms
        if since_ms != NEVER and drawing and reading_watts < threshold_watts * HYSTERESIS:
            joules += last_watts * (at_ms - last_ms) / 1_000
        else:
            since_ms, joules, zero_ms = (at_ms if 0 < reading_watts < threshold_watts else NEVER), 0.0, 0
            if reading_watts >= threshold_watts:
                used_at_ms, state.in_use_at_ms = used_at_ms or at_ms, at_ms
        last_ms, last_watts = at_ms, reading_watts
    state.fixed_since_ms, state.fixed_joules, state.fixed_zero_ms = since_ms, joules, zero_ms
    return used_at_ms


def find(state: State, rule: Rule, threshold_watts: float) -> Finding | None:
    """The finding, when standby has stood for the dwell and holds at the newest reading.

    A few newest readings of 0 W do not end it; more of them may be the beginning of off.
    """
    if state.fixed_since_ms == NEVER or state.last_watts >= threshold_watts:
        return None
    if state.fixed_zero_ms * NEWEST_SHARE > rule.dwell_ms:
        return None
    standing_ms = state.watermark_ms - state.fixed_since_ms
    if standing_ms < rule.dwell_ms:
        return None
    watts = state.fixed_joules * 1_000 / standing_ms if standing_ms else state.last_watts
    why = reason(watts, standing_ms, threshold_watts)
    advice: Advice = "notify" if rule.is_protected else "cut"
    return Finding(state.fixed_since_ms, state.watermark_ms, watts, threshold_watts, advice, why)
