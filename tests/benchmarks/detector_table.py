"""make bench-detector: the shipped detector on real recordings, beside the rules of today, and its speed and size.

python -m tests.benchmarks.detector_table [place of the recordings]
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain.phantom import Rule, State, step
from tests.benchmarks.recordings import Recordings, Summary, place_from, summary
from tests.benchmarks.trace_detector import EPOCH_MS, Factory

RUNS: Sequence[tuple[str, dict[str, Any]]] = (
    ("shipped, blind", {}),
    ("shipped, blind, after 48 h", {"warmup_hours": 48}),
    ("shipped, never-cut known", {"informed": True}),
    ("shipped, never-cut known, after 48 h", {"informed": True, "warmup_hours": 48}),
    ("shipped, kind known", {"kind": True}),
    ("shipped, kind known, after 48 h", {"kind": True, "warmup_hours": 48}),
    ("shipped, blind, a reading every 10 s", {"every": 10}),
    ("shipped, blind, a reading every 30 s", {"every": 30}),
)
BASELINES = (
    ("one reading under 10 W", "Naive"),
    ("10 W for 5 min", "Dwell"),
    ("10 W for 30 min", "Dwell10W30"),
    ("20 W for 30 min", "Dwell20W30"),
)
BATCH, BATCHES = 150, 400


def main(arguments: Sequence[str]) -> int:
    """Print the table; the exit code is 1 when the recordings are not there."""
    place = place_from(arguments)
    if not (place / "score.py").exists():
        sys.stderr.write(f"There are no recordings at {place}: nothing is measured.\n")
        return 1
    for line in _lines(place):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 0


def _lines(place: Path) -> Iterator[str]:
    recordings = Recordings(place)
    yield "| detector | saved % | macro % | wrong cuts | never-cut cut, a day | delay, min | wanted again in 15 min |"
    yield "|---|---|---|---|---|---|---|"
    for name, rule in BASELINES:
        yield _row(name, summary(recordings.run(getattr(recordings.baselines, rule))))
    for name, options in RUNS:
        yield _row(name, summary(recordings.run(Factory, **options)))
    yield ""
    yield f"One step: {microseconds_a_reading():.2f} microseconds a reading, in batches of {BATCH}; a port's memory: "
    yield f"{len(State().pack())} bytes packed."


def _row(name: str, found: Summary) -> str:
    figures = f"{found.saved:.1f} | {found.macro:.1f} | {found.wrong} | {found.never_per_day:.3f}"
    return f"| {name} | {figures} | {found.delay:.1f} | {found.regret} |"


def microseconds_a_reading() -> float:
    """The best of five: what else the machine does is not the detector's."""
    return min(_timed(_two_second_day) for _ in range(5)) * 1e6 / (BATCH * BATCHES)


def _timed(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _two_second_day() -> None:
    chance, state, rule = random.Random(1), State(), Rule(policy="cut")  # noqa: S311 - noise, no secret
    watts = [chance.choice((3.0, 3.1, 90.0)) for _ in range(BATCH)]
    for number in range(BATCHES):
        start = EPOCH_MS + number * BATCH * 2_000
        state, _ = step(state, rule, range(start, start + BATCH * 2_000, 2_000), watts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
