"""The learned rule: what each minute or so (a fold) teaches, and when standby has lasted long enough."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

from chalicelib.detection import dwell, histogram
from chalicelib.detection.detector_state import NEVER, NOTHING_DRAWN, State
from chalicelib.detection.minute_windows import MAX_GAP_MS, Window
from chalicelib.detection.model import MINUTE_MS, Advice, Finding, reason
from chalicelib.ports.kinds import kind_of
from chalicelib.ports.model import DEFAULT_THRESHOLD_WATTS, Rule

FOLD_MS, SAMPLE_MS, MAX_FOLD_MINUTES = 50_000, 10_000, 5
"""The power is folded to its mean by the minute, or by as many minutes (at most five) as hold 50 seconds of measuring.
A span is measured all through; a reading without one stands for ten seconds: a meter that steps by two watts shows a
standby of one watt only in the mean of several. It is not a whole minute, because spans leave a little out at a change.
"""
METER_STEP_WATTS = 2.1
"""Many meters step by so much. The mean of a few readings takes few values: a gap is wider than what parts these."""
FIRST_USE = 15
"""Minutes of use so far when the gap first shows, at most, for what went before to be one idle run."""
LEARN_EVERY_MINUTES = 10
"""A gap that was found moves slowly: looking for it six times an hour is enough. Until then it is looked for at each
fold."""
OFF_AFTER_MINUTES = 10
"""A load of half a watt reads 0 for minutes on a meter that steps by two watts; ten in a row are off."""
NOTHING_WATTS = 0.1
"""A fold whose mean is below this drew nothing: an outlet without power shows no more than its meter's noise."""

HEAT_WATTS = 1_000.0
HEAT_MINUTES = 10
"""Ten minutes of a kilowatt in a session heat water or a drum; a microwave or a kettle is done before."""
PROGRAMME_MINUTES = 60
"""A programme soaks or dries for up to three quarters of an hour between two stretches of use: a session goes on, and
nothing is found, for an hour. Likewise where use comes in pulses: a slow meter misses those of seconds."""
MISSING_PACE_MS, MAX_GLIMPSED_MINUTES, MIN_GLIMPSES = 20_000, 180, 3
"""Where use lasts for less than the time between two readings, some of it is missed, and pauses look longer than they
are. The wait is an hour for each 20 s of the pace, three hours at most: what keeps warm stops by itself after two."""
PACE_FOLDS = 4
"""The weight of the pace so far, in folds."""
AFTER_USE_MINUTES = 10
"""The fold in which use ends and the fold after it last for less."""
MAX_SESSIONS = 60
"""When more heated sessions are held both counts are halved."""
MAX_DOUBLINGS = 3
"""Each wrong cut doubles the dwell, three times at most."""


def boundary_watts(state: State, rule: Rule) -> float:
    """What parts idle from use, as far as is known: given, learned, of the kind, or else the guides' 10 W."""
    known = rule.threshold_watts or state.threshold_watts or kind_watts(state, rule)
    return known or DEFAULT_THRESHOLD_WATTS


def fold_is_over(state: State) -> bool:
    """Whether the fold under way ends with its newest reading. Folds end with a clock minute, however readings come."""
    if state.watermark_ms % MINUTE_MS:
        return False
    minutes = state.watermark_ms // MINUTE_MS - state.fold_since_ms // MINUTE_MS
    return state.held_ms + state.samples * SAMPLE_MS >= FOLD_MS or minutes >= MAX_FOLD_MINUTES


def add(state: State, rule: Rule, window: Window, boundary: float) -> None:
    """Add what was drawn within a clock minute to the fold under way (state is changed)."""
    if state.fold_since_ms == NEVER:
        state.fold_since_ms = window.start_ms
    powers, lengths = window.powers()
    state.samples += window.samples
    state.held_ms += window.held_ms
    state.covered_ms += window.end_ms - window.start_ms
    state.fold_microjoules += sum(map(mul, powers, lengths))
    threshold = boundary * 1_000
    if max(powers) >= threshold:
        for milliwatts, length_ms in zip(powers, lengths, strict=True):
            if milliwatts >= threshold:
                state.use_ms += length_ms
                state.use_microjoules += milliwatts * length_ms
        if not rule.is_fixed:
            state.in_use_at_ms = _last_use_ms(state, window, threshold)
        _watch_use(state, window, threshold)
    elif state.episode:
        _end_episode(state)
    if rule.relay_off:
        state.relay_was_off = 1


def _watch_use(state: State, window: Window, threshold: float) -> None:
    """Count episodes of use, and how many of them were seen in a single reading that did not hold."""
    for start_ms, at_ms, milliwatts in zip(window.starts_ms, window.times_ms, window.milliwatts, strict=True):
        if milliwatts >= threshold:
            state.episode = 2 if state.episode or at_ms > start_ms else 1
        elif state.episode:
            _end_episode(state)


def _end_episode(state: State) -> None:
    state.episodes += 1
    state.glimpses += state.episode == 1
    state.episode = 0
    if state.episodes > MAX_SESSIONS:
        state.episodes //= 2
        state.glimpses //= 2


def _last_use_ms(state: State, window: Window, threshold: float) -> int:
    """The time of the last reading of use: not that of the batch, which says nothing of the appliance."""
    readings = zip(reversed(window.times_ms), reversed(window.milliwatts), strict=True)
    return next((at_ms for at_ms, milliwatts in readings if milliwatts >= threshold), state.in_use_at_ms)


def end_fold(state: State, rule: Rule) -> bool:
    """Learn from the fold under way, which is over (state is changed); whether it was one of use."""
    started_ms, watts = state.fold_since_ms, fold_watts(state)
    covered_ms, microjoules = state.covered_ms, state.fold_microjoules
    if covered_ms:
        _learn_pace(state)
    lasted_minutes = max(1, -(-state.watermark_ms // MINUTE_MS) - started_ms // MINUTE_MS)
    boundary = boundary_watts(state, rule)
    used = watts >= boundary
    if state.relay_was_off:
        state.last_bin, state.last_minutes = NOTHING_DRAWN, 0
    else:
        _count(state, watts, lasted_minutes, used=used)
    _forget_fold(state)
    if not state.threshold_watts or state.minutes_unlearnt >= LEARN_EVERY_MINUTES:
        known = state.threshold_watts
        _learn_gap(state, rule)
        boundary = boundary_watts(state, rule)
        used = watts >= boundary
        if not known and state.threshold_watts and not used:
            _record_first_run(state)
    if used:
        _use(state, started_ms, watts, lasted_minutes)
        return True
    if state.idle_since_ms == NEVER or state.idle_peak_watts >= boundary:
        _begin_idle(state, started_ms)
    _idle(state, started_ms, watts, lasted_minutes)
    state.standby_covered_ms += covered_ms
    state.standby_microjoules += microjoules
    return False


def _learn_pace(state: State) -> None:
    """Learn how far apart readings come, from the time of a fold for which none held."""
    pace_ms = min((state.covered_ms - state.held_ms) // max(1, state.samples), MAX_GAP_MS)
    is_known = 0 < state.pace_ms <= MAX_GAP_MS
    state.pace_ms += (pace_ms - state.pace_ms) // PACE_FOLDS if is_known else pace_ms - state.pace_ms


def fold_watts(state: State) -> float:
    """The mean of the fold under way; a reading with a gap on both sides covers no time, and is the mean by itself."""
    return state.fold_microjoules / state.covered_ms / 1_000 if state.covered_ms else state.last_watts


def _forget_fold(state: State) -> None:
    state.fold_since_ms = NEVER
    state.samples = state.held_ms = state.covered_ms = state.fold_microjoules = 0
    state.use_ms = state.use_microjoules = state.relay_was_off = 0


def _count(state: State, watts: float, lasted_minutes: int, *, used: bool) -> None:
    """Count the fold under way in the histogram, unless power came or went in it: that is no level.

    A fold of use counts at what was drawn in use, not at its mean with what was idle before or after.
    """
    state.minutes_unlearnt += lasted_minutes
    after_nothing, after_bin, after_minutes = state.last_bin == NOTHING_DRAWN, state.last_bin, state.last_minutes
    if watts < NOTHING_WATTS:
        if not after_nothing:
            histogram.take_back(state.watt_minutes, after_bin, after_minutes)
        state.last_bin, state.last_minutes = NOTHING_DRAWN, 0
        histogram.count(state.watt_minutes, 0.0, lasted_minutes)
        return
    level = state.use_microjoules / state.use_ms / 1_000 if used and state.use_ms else watts
    state.last_bin, state.last_minutes = histogram.bin_of(level), 0
    if used or not after_nothing:
        histogram.count(state.watt_minutes, level, lasted_minutes)
        state.last_minutes = 0 if used else lasted_minutes


def break_off(state: State) -> None:
    """Readings stopped: a gap is never dwell. A run is known to have lasted so long at least, which counts if long."""
    if state.episode:
        _end_episode(state)
    if idle_minutes(state) >= dwell.THERMOSTAT_MINUTES:
        dwell.record(state.idle_runs, idle_minutes(state))
    state.heat_minutes = 0
    _forget_idle(state)


def hear(state: State, rule: Rule) -> None:
    """Learn from what a person said since the last step (state is changed).

    A cut that was right shows how long the run would have lasted; what a wrong one costs stands in the rule itself.
    """
    if rule.uses_confirmed > state.uses_learnt and state.idle_since_ms != NEVER and rule.undone_at_ms is not None:
        dwell.record(state.idle_runs, _minutes_since(state.idle_since_ms, rule.undone_at_ms))
    if (rule.uses_confirmed, rule.false_cuts) != (state.uses_learnt, state.false_learnt):
        state.uses_learnt, state.false_learnt = rule.uses_confirmed, rule.false_cuts
        state.heat_minutes = 0
        _forget_idle(state)


def find(state: State, rule: Rule, threshold_watts: float) -> Finding | None:
    """The finding, when standby has stood for as long as this outlet needs and holds at the newest reading."""
    standing_ms = state.watermark_ms - state.standby_since_ms
    if state.standby_since_ms == NEVER or standing_ms < dwell_ms(state, rule) or not is_trusted(state, rule):
        return None
    watts = state.standby_microjoules / max(state.standby_covered_ms, 1) / 1_000
    drawing = watts >= histogram.OFF_WATTS and state.zero_minutes < OFF_AFTER_MINUTES
    in_use_now = state.covered_ms and fold_watts(state) >= threshold_watts
    if not drawing or in_use_now or state.last_watts >= threshold_watts:
        return None
    why = reason(watts, standing_ms, threshold_watts, state.use_watts)
    advice: Advice = "notify" if rule.is_protected or rule.has_lost_trust else "cut"
    return Finding(state.standby_since_ms, state.watermark_ms, watts, threshold_watts, advice, why)


def is_trusted(state: State, rule: Rule) -> bool:
    """Whether this is idle time as people leave it, not the pause of a thermostat. The kind settles it."""
    if kind_of(rule.kind).standby_below_watts is not None:
        return True
    return dwell.typical_minutes(state.idle_runs, idle_minutes(state)) >= dwell.THERMOSTAT_MINUTES


def idle_minutes(state: State) -> float:
    """How long the idle run under way has lasted, 0.0 in use."""
    return _minutes_since(state.idle_since_ms, state.watermark_ms)


def dwell_ms(state: State, rule: Rule) -> int:
    """How long standby must stand: the person's dwell, or what idle runs, programmes, pulses and wrong cuts ask for."""
    if rule.dwell_seconds is not None:
        return rule.dwell_seconds * 1_000
    kind = kind_of(rule.kind)
    minutes = max(dwell.dwell_minutes(state.idle_runs), kind.min_dwell_minutes)
    if state.heat_minutes >= HEAT_MINUTES or not _follows_use(state):
        minutes = max(minutes, kind.programme_minutes)
    if runs_programmes(state) or dwell.is_pulsed(state.idle_runs):
        minutes = max(minutes, PROGRAMME_MINUTES)
    if misses_use(state):
        minutes = max(minutes, min(state.pace_ms * PROGRAMME_MINUTES // MISSING_PACE_MS, MAX_GLIMPSED_MINUTES))
    return MINUTE_MS * (minutes << min(rule.false_cuts, MAX_DOUBLINGS))


def runs_programmes(state: State) -> bool:
    """Whether heat is sustained in half of the sessions that heat at all."""
    return state.sustained_sessions > 0 and 2 * state.sustained_sessions >= state.heated_sessions


def misses_use(state: State) -> bool:
    """Whether use is mostly seen in single readings, at a pace at which more of it is missed than seen."""
    is_glimpsed = state.glimpses >= MIN_GLIMPSES and 2 * state.glimpses > state.episodes
    return is_glimpsed and state.pace_ms >= MISSING_PACE_MS


def kind_watts(state: State, rule: Rule) -> float | None:
    """The kind's standby figure, if it has one.

    It does not hold for an outlet that was off at times and never drew more: off is how this appliance idles, so that
    any level of use lies below the figure.
    """
    watts = kind_of(rule.kind).standby_below_watts
    if watts is None or state.watt_minutes[0] < histogram.MIN_STANDBY_MINUTES:
        return watts
    return watts if histogram.minutes_from(state.watt_minutes, watts) else min(watts, histogram.MIN_USE_WATTS)


def _follows_use(state: State) -> bool:
    """Whether the idle run under way began when use ended, rather than with the first reading after a silence."""
    since_use_ms = abs(state.idle_since_ms - state.in_use_at_ms)
    return state.in_use_at_ms != NEVER and since_use_ms <= AFTER_USE_MINUTES * MINUTE_MS


def _learn_gap(state: State, rule: Rule) -> None:
    """Look for the gap. One that was learned stays until another is better supported, or nothing is left of it."""
    state.minutes_unlearnt = 0
    minutes, held_watts = state.watt_minutes, state.threshold_watts
    least_watts = METER_STEP_WATTS * state.pace_ms / (MAX_FOLD_MINUTES * MINUTE_MS)
    gap = histogram.find_gap(minutes, kind_of(rule.kind).max_standby_watts, held_watts, least_watts)
    if gap is not None and (not held_watts or _is_better(minutes, gap, held_watts)):
        state.threshold_watts, state.standby_watts = gap.threshold_watts, gap.standby_watts
        state.use_watts = gap.high_watts
    elif held_watts and not _is_seen(minutes, held_watts, state.use_watts):
        state.threshold_watts = state.standby_watts = state.use_watts = 0.0


def _record_first_run(state: State) -> None:
    """The gap has just shown, and the fold is idle again: if use was short so far, all before was one idle run."""
    if histogram.minutes_from(state.watt_minutes, state.use_watts) <= FIRST_USE:
        dwell.record(state.idle_runs, idle_minutes(state))


def _is_better(minutes: Sequence[int], gap: histogram.Gap, held_watts: float) -> bool:
    """Whether a gap takes the place of the threshold that is held.

    The same one does, and a lower one. A higher one calls standby what was use until now: that must hold more time than
    all that was standby.
    """
    level = histogram.minutes_from(minutes, held_watts, gap.low_watts)
    return gap.low_watts <= held_watts or level > histogram.minutes_from(minutes, 0.0, held_watts)


def _is_seen(minutes: Sequence[int], held_watts: float, use_watts: float) -> bool:
    """Whether anything is remembered on both sides of the gap that is held."""
    return bool(histogram.minutes_from(minutes, 0.0, held_watts) and histogram.minutes_from(minutes, use_watts))


def _use(state: State, started_ms: int, watts: float, lasted_minutes: int) -> None:
    idle_before = _minutes_since(state.idle_since_ms, started_ms)
    dwell.record(state.idle_runs, idle_before)
    _forget_idle(state)
    if idle_before > PROGRAMME_MINUTES:
        state.heat_minutes = 0
    if watts >= HEAT_WATTS:
        _heat(state, lasted_minutes)


def _heat(state: State, lasted_minutes: int) -> None:
    before = state.heat_minutes
    state.heat_minutes = min(before + lasted_minutes, MAX_SESSIONS)
    state.heated_sessions += before == 0
    state.sustained_sessions += before < HEAT_MINUTES <= state.heat_minutes
    if state.heated_sessions > MAX_SESSIONS:
        state.heated_sessions //= 2
        state.sustained_sessions //= 2


def _begin_idle(state: State, at_ms: int) -> None:
    state.idle_since_ms, state.idle_peak_watts = at_ms, 0.0
    _begin_standby(state, at_ms)


def _begin_standby(state: State, at_ms: int) -> None:
    state.standby_since_ms, state.standby_covered_ms, state.standby_microjoules = at_ms, 0, 0
    state.zero_minutes = 0


def _idle(state: State, started_ms: int, watts: float, lasted_minutes: int) -> None:
    state.idle_peak_watts = max(state.idle_peak_watts, watts)
    if watts >= histogram.OFF_WATTS:
        if state.zero_minutes >= OFF_AFTER_MINUTES:
            _begin_standby(state, started_ms)
        state.zero_minutes = 0
    else:
        state.zero_minutes = min(state.zero_minutes + lasted_minutes, OFF_AFTER_MINUTES)


def _forget_idle(state: State) -> None:
    state.idle_since_ms = state.standby_since_ms = NEVER


def _minutes_since(since_ms: int, at_ms: int) -> float:
    return (at_ms - since_ms) / MINUTE_MS if since_ms != NEVER else 0.0
