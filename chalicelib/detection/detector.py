"""One incremental step: readings of a port into its state, a verdict out; the clock is the readings' own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import lt

from chalicelib.detection import fixed_rule, learned_rule
from chalicelib.detection.detector_state import NEVER, State
from chalicelib.detection.model import MINUTE_MS, Finding, Verdict, phantom_status
from chalicelib.ports.model import Rule

MAX_GAP_MS = 120_000
"""Past two minutes without a reading nobody knows what the appliance did: the dwell starts again."""
LEFT_ALONE_MS = 24 * 60 * MINUTE_MS
"""So long a person's switch-on protects what the meter does not see in use: use of seconds falls between readings."""


def step_detector(state: State, rule: Rule, times_ms: Sequence[int], watts: Sequence[float]) -> tuple[State, Verdict]:
    """Take the readings of one port, oldest first (epoch ms, watts), into its state, which is left as it was.

    Readings at or before the watermark change nothing: duplicates and latecomers are safe to pass. Raises ValueError
    when there are not as many times as watts.
    """
    state = state.copy()
    learned_rule.hear(state, rule)
    ended_at_ms = None
    for part_times_ms, part_watts in _minutes(*_fresh(state.watermark_ms, times_ms, watts)):
        ended_at_ms = _take(state, rule, part_times_ms, part_watts) or ended_at_ms
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
    return state.watermark_ms - rule.undone_at_ms < LEFT_ALONE_MS


def _fresh(watermark_ms: int, times_ms: Sequence[int], watts: Sequence[float]) -> tuple[Sequence[int], Sequence[float]]:
    """Readings after the watermark, the first of each time."""
    if len(times_ms) != len(watts):
        raise ValueError("as many times as watts")
    start = bisect_right(times_ms, watermark_ms)
    times_ms, watts = times_ms[start:], watts[start:]
    if all(map(lt, times_ms, times_ms[1:])):
        return times_ms, watts
    first = dict(zip(reversed(times_ms), reversed(watts), strict=True))
    return list(reversed(first)), [first[at_ms] for at_ms in reversed(first)]


def _minutes(times_ms: Sequence[int], watts: Sequence[float]) -> Iterator[tuple[Sequence[int], Sequence[float]]]:
    """The readings, one clock minute after the other."""
    start = 0
    while start < len(times_ms):
        end = bisect_left(times_ms, (times_ms[start] // MINUTE_MS + 1) * MINUTE_MS, start)
        yield times_ms[start:end], watts[start:end]
        start = end


def _take(state: State, rule: Rule, times_ms: Sequence[int], watts: Sequence[float]) -> int | None:
    """Take readings of one clock minute (state is changed); when the spell that was found ended, if it did."""
    ended_at_ms = None
    minute = times_ms[0] // MINUTE_MS
    after_gap = state.watermark_ms == NEVER or times_ms[0] - state.watermark_ms > MAX_GAP_MS
    if state.readings and (after_gap or learned_rule.fold_is_over(state, minute)):
        started_ms = state.minute * MINUTE_MS
        used = learned_rule.end_fold(state, rule)
        if used and not rule.is_fixed:
            ended_at_ms = _end_spell(state, started_ms)
    if after_gap:
        learned_rule.break_off(state)
    boundary_watts, peak_watts = learned_rule.boundary_watts(state, rule), max(watts)
    if rule.is_fixed:
        used_at_ms = fixed_rule.take(state, rule, boundary_watts, times_ms, watts, after_gap=after_gap)
        if used_at_ms is not None:
            ended_at_ms = _end_spell(state, used_at_ms)
    elif peak_watts >= boundary_watts:
        state.in_use_at_ms = _last_use_ms(boundary_watts, times_ms, watts)
    if not state.readings:
        state.minute = minute
    learned_rule.add(state, rule, watts, boundary_watts, peak_watts)
    state.watermark_ms, state.last_watts = times_ms[-1], watts[-1]
    return ended_at_ms


def _last_use_ms(boundary_watts: float, times_ms: Sequence[int], watts: Sequence[float]) -> int:
    """The time of the last reading of use: not that of the batch, which says nothing of the appliance."""
    readings = zip(reversed(times_ms), reversed(watts), strict=True)
    return next(at_ms for at_ms, reading_watts in readings if reading_watts >= boundary_watts)


def _end_spell(state: State, at_ms: int) -> int | None:
    ended_at_ms = at_ms if state.found_since_ms != NEVER else None
    state.found_since_ms = NEVER
    return ended_at_ms


def _find(state: State, rule: Rule) -> Finding | None:
    threshold = standby_threshold_watts(state, rule)
    if threshold is None or is_left_alone(state, rule):
        return None
    return fixed_rule.find(state, rule, threshold) if rule.is_fixed else learned_rule.find(state, rule, threshold)
