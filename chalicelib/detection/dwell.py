"""How long an outlet has stayed idle in the past, and how long to wait before it is believed to stay so."""

from __future__ import annotations

from collections.abc import Sequence

STEP_MINUTES = 5
STEPS = 24
"""Idle runs are counted by length: five minutes a bin up to two hours, then one bin each up to 4 h, 8 h and over."""
BINS = STEPS + 3
LONG_EDGES = (240, 480)
LONG_MINUTES = (180, 360, 720)
"""What a run in the last three bins counts as."""
MEMORY_RUNS = 250
"""When more runs are held all counts are halved: habits change."""

MIN_DWELL_MINUTES = 5
SOON_MINUTES = 15
"""A cut is regretted when the appliance is wanted again within a quarter of an hour."""
MAX_REGRET = 0.2
"""Cut when at most one run in five, of those that got so far, ended soon after."""
PRIOR_RUNS = 3
"""The prior weighs as much as three runs of the outlet's own: enough that one run proves nothing."""
SHORT_PER_LONG = 2
"""Pauses shorter than SOON_MINUTES, to each longer idle run, that tell an appliance which works in pulses."""
THERMOSTAT_MINUTES = 120
"""A thermostat's pauses last up to an hour and a half (in the recordings 20 to 86 min); what people use lies idle for
hours, at least at night. Idle time must come in runs of two hours on average, or nothing is cut."""


def record(runs: list[int], minutes: float) -> None:
    """Count an idle run of so many minutes into runs (BINS counts, changed in place); under a step it is no run."""
    if minutes < STEP_MINUTES:
        return
    if minutes < STEPS * STEP_MINUTES:
        runs[int(minutes // STEP_MINUTES)] += 1
    else:
        runs[STEPS + sum(minutes >= edge for edge in LONG_EDGES)] += 1
    if sum(runs) > MEMORY_RUNS:
        runs[:] = [held // 2 for held in runs]


def typical_minutes(runs: Sequence[int], current_minutes: float) -> float:
    """The mean length of the run that an idle minute lies in, the one under way included: sum of squares over sum."""
    total, squares = current_minutes, current_minutes * current_minutes
    for held, minutes in zip(runs, _LENGTHS, strict=True):
        total += held * minutes
        squares += held * minutes * minutes
    return squares / total if total else 0.0


def is_pulsed(runs: Sequence[int]) -> bool:
    """Whether most pauses are short: something keeps warm or charges in pulses, and is in use between them."""
    short = sum(runs[: SOON_MINUTES // STEP_MINUTES])
    return short > SHORT_PER_LONG * (sum(runs) - short)


def dwell_minutes(runs: Sequence[int]) -> int:
    """The shortest wait after which a cut is seldom regretted.

    The prior: what has lasted for m minutes lasts as long again (half of the runs; Lindy's law), which makes
    SOON / (SOON + m) the chance that it ends soon. The outlet's own runs correct it, so that the wait is an hour at
    first and shrinks to minutes where short pauses are rare.
    """
    reached = sum(runs[MIN_DWELL_MINUTES // STEP_MINUTES :])
    for step in range(MIN_DWELL_MINUTES // STEP_MINUTES, STEPS):
        ended_soon = sum(runs[step : step + SOON_MINUTES // STEP_MINUTES])
        prior = SOON_MINUTES / (SOON_MINUTES + step * STEP_MINUTES)
        if ended_soon + PRIOR_RUNS * prior <= MAX_REGRET * (reached + PRIOR_RUNS):
            return step * STEP_MINUTES
        reached -= runs[step]
    return STEPS * STEP_MINUTES


_LENGTHS = [*((step + 0.5) * STEP_MINUTES for step in range(STEPS)), *map(float, LONG_MINUTES)]
