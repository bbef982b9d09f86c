"""One incremental step: readings of a port into its state, a verdict out; the clock is the readings' own."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.detection import fixed_rule, learned_rule
from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.minute_windows import MAX_GAP_MS, Stretch, Window, stretches, windows
from chalicelib.detection.model import MINUTE_MS, Finding, Verdict, phantom_status
from chalicelib.ports.model import Rule

__all__ = ["LEFT_ALONE_MS", "MAX_GAP_MS", "is_left_alone", "standby_threshold_watts", "step_detector"]

LEFT_ALONE_MS = 24 * 60 * MINUTE_MS
"""So long a person's switch-on protects what the meter does not see in use: use of seconds falls between readings."""

GLIMPSED_ALONE_MS = 3 * 60 * MINUTE_MS
"""Where readings come too slowly to see most of the use, a switch-on would else protect it day after day."""


def step_detector(
    state: State, rule: Rule, times_ms: Sequence[int], watts: Sequence[float], held_ms: Sequence[int] = ()
) -> tuple[State, Verdict]:
    """Take the readings of one port into its state, which is left as it was.

    Readings at or before the watermark change nothing: duplicates and latecomers are safe to pass.

    Args:
        state: The memory of the port.
        rule: What the owner set.
        times_ms: Epoch ms, oldest first.
        watts: The power of each reading.
        held_ms: For how long each has held when it was taken; empty where none has.

    Raises:
        ValueError: There are not as many times as watts, or spans.
    """
    state = state.copy()
    learned_rule.hear(state, rule)
    ended_at_ms = None
    for stretch in stretches(state.watermark_ms, times_ms, watts, held_ms):
        ended_at_ms = _take(state, rule, stretch) or ended_at_ms
    finding = _find(state, rule)
    if finding:
        state.found_since_ms = finding.since_ms
    return state, Verdict(finding, ended_at_ms, phantom_status(state.last_watts, standby_threshold_watts(state, rule)))


def standby_threshold_watts(state: State, rule: Rule) -> float | None:
    """What parts standby from use in watts: given, else learned, else known of the kind; None where nothing is.

    A dwell that was given without a threshold and before anything was learned goes with the guides' 10 W.
    """
    if rule.is_fixed:
        return learned_rule.boundary_watts(state, rule)
    return state.threshold_watts or learned_rule.kind_watts(state, rule)


def is_left_alone(state: State, rule: Rule) -> bool:
    """Whether a person switched the outlet on after a cut, and neither was it used since then nor has a day passed."""
    if rule.undone_at_ms is None or state.in_use_at_ms >= rule.undone_at_ms:
        return False
    longest_ms = GLIMPSED_ALONE_MS if learned_rule.misses_use(state) else LEFT_ALONE_MS
    return state.watermark_ms - rule.undone_at_ms < longest_ms


def _take(state: State, rule: Rule, stretch: Stretch) -> int | None:
    """Take readings without a gap between them (state is changed); when the spell that was found ended, if it did."""
    ended_at_ms = None
    from_ms, carried_milliwatts = state.watermark_ms, state.last_milliwatts
    if stretch.after_gap:
        from_ms, carried_milliwatts = stretch.starts_ms[0], stretch.milliwatts[0]
        is_alone, gap_ms = state.fold_since_ms == state.watermark_ms != NEVER, from_ms - state.watermark_ms
        ended_at_ms = _end_fold(state, rule)
        if is_alone:
            state.pace_ms = gap_ms  # a reading with a gap on both sides
        learned_rule.break_off(state)
        fixed_rule.break_off(state)
    for window in windows(stretch, from_ms, carried_milliwatts):
        ended_at_ms = _take_window(state, rule, window) or ended_at_ms
        if window.start_ms < window.end_ms and learned_rule.fold_is_over(state):
            ended_at_ms = _end_fold(state, rule) or ended_at_ms
    state.last_milliwatts = stretch.milliwatts[-1]
    return ended_at_ms


def _end_fold(state: State, rule: Rule) -> int | None:
    started_ms = state.fold_since_ms
    if started_ms == NEVER:
        return None
    used = learned_rule.end_fold(state, rule)
    return _end_spell(state, started_ms) if used and not rule.is_fixed else None


def _take_window(state: State, rule: Rule, window: Window) -> int | None:
    """Take the readings within a clock minute (state is changed); when use began under the fixed rule, if it did."""
    ended_at_ms = None
    boundary_watts = learned_rule.boundary_watts(state, rule)
    if rule.is_fixed:
        used_at_ms = fixed_rule.take(state, rule, boundary_watts, window)
        if used_at_ms is not None:
            ended_at_ms = _end_spell(state, used_at_ms)
    learned_rule.add(state, rule, window, boundary_watts)
    state.watermark_ms = window.end_ms
    return ended_at_ms


def _end_spell(state: State, at_ms: int) -> int | None:
    ended_at_ms = at_ms if state.found_since_ms != NEVER else None
    state.found_since_ms = NEVER
    return ended_at_ms


def _find(state: State, rule: Rule) -> Finding | None:
    threshold = standby_threshold_watts(state, rule)
    if threshold is None or is_left_alone(state, rule):
        return None
    return fixed_rule.find(state, rule, threshold) if rule.is_fixed else learned_rule.find(state, rule, threshold)
