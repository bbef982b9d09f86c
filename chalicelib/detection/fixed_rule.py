"""The fixed rule: a threshold that a person gave, a dwell, and hysteresis, span by span."""

from __future__ import annotations

from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.minute_windows import Window
from chalicelib.detection.model import MINUTE_MS, Advice, Finding, reason
from chalicelib.ports.model import Rule

HYSTERESIS = 1.2
"""In use begins a fifth above the threshold: a standby load that wanders around it does not start anew each time."""


MAX_ZERO_MS = 10 * MINUTE_MS
OFF_SHARE, NEWEST_SHARE = 3, 10
"""A load of a watt reads 0 by turns on a meter that steps by two watts, and meters drop single readings. Only 0 W for a
third of the dwell, ten minutes at most, is an appliance that is off. Where the newest readings are 0 W, standby is
found as long as they last for less than a tenth of the dwell."""


def take(state: State, rule: Rule, threshold_watts: float, window: Window) -> int | None:
    """Take the readings of a window into the stretch of standby (state is changed).

    Returns:
        When the first use began (epoch ms), None without any.
    """
    used_at_ms, off_after_ms = None, min(MAX_ZERO_MS, rule.dwell_ms // OFF_SHARE)
    threshold, in_use = threshold_watts * 1_000, threshold_watts * 1_000 * HYSTERESIS
    since_ms, microjoules, zero_ms = state.fixed_since_ms, state.fixed_microjoules, state.fixed_zero_ms
    last_ms, standing = window.heard_ms, window.carried_milliwatts
    for start_ms, at_ms, milliwatts in zip(window.starts_ms, window.times_ms, window.milliwatts, strict=True):
        zero_ms = zero_ms + at_ms - last_ms if milliwatts <= 0 else 0
        drawing = milliwatts > 0 or zero_ms < off_after_ms
        if since_ms != NEVER and drawing and milliwatts < in_use:
            microjoules += standing * (start_ms - last_ms) + milliwatts * (at_ms - start_ms)
        else:
            since_ms = start_ms if 0 < milliwatts < threshold else NEVER
            microjoules, zero_ms = (milliwatts * (at_ms - start_ms) if since_ms != NEVER else 0), 0
            if milliwatts >= threshold:
                used_at_ms, state.in_use_at_ms = used_at_ms or start_ms, at_ms
        last_ms, standing = at_ms, milliwatts
    state.fixed_since_ms, state.fixed_microjoules, state.fixed_zero_ms = since_ms, microjoules, zero_ms
    return used_at_ms


def break_off(state: State) -> None:
    """Readings stopped: a gap is never dwell (state is changed)."""
    state.fixed_since_ms, state.fixed_microjoules, state.fixed_zero_ms = NEVER, 0, 0


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
    watts = state.fixed_microjoules / standing_ms / 1_000 if standing_ms else state.last_watts
    why = reason(watts, standing_ms, threshold_watts)
    advice: Advice = "notify" if rule.is_protected else "cut"
    return Finding(state.fixed_since_ms, state.watermark_ms, watts, threshold_watts, advice, why)
