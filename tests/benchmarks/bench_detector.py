"""make bench-detector: the shipped detector on the recordings, beside the rules of today; time and size of its state;
and the closed loop of an appliance, a relay and a person.

python -m tests.benchmarks.bench_detector [place of the recordings]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import PACKED_BYTES, State
from chalicelib.ports.model import Rule
from tests.benchmarks import closed_loop
from tests.benchmarks.paces import PACES
from tests.benchmarks.recordings import Recordings, place_from, summary
from tests.benchmarks.remembered import Remembered
from tests.benchmarks.scorer import summed
from tests.benchmarks.trace_detector import EPOCH_MS, ByMinute, Factory

BATCH = 150
"""Readings of one port in an upload of five minutes at 2 s."""
BASELINES = {
    "one reading under 10 W": "Naive",
    "10 W for 5 min": "Dwell",
    "10 W for 30 min": "Dwell10W30",
    "20 W for 30 min": "Dwell20W30",
}
SHIPPED: dict[str, dict[str, Any]] = {
    "blind": {},
    "blind, after 48 h": {"warmup_hours": 48},
    "told never-cut": {"informed": True},
    "told the kind": {"kind": True},
    "told the kind, after 48 h": {"kind": True, "warmup_hours": 48},
}


def main(arguments: Sequence[str]) -> None:
    """Print the table, a row as soon as it is known."""
    if not (place_from(arguments) / "score.py").exists():
        sys.exit(f"There are no recordings at {place_from(arguments)}: nothing is measured.")
    recordings = Recordings(place_from(arguments))
    _print(f"Pure step: {microseconds_a_reading(recordings):.2f} us a reading in batches of {BATCH}; ", end="")
    _print(f"packed state: {PACKED_BYTES} bytes a port.")
    _print("\nThe recordings that the detector was built on (dev):\n")
    _table(recordings)
    _print("\nRecordings that were not there when it was built (dev2):\n")
    _table(Recordings(place_from(arguments), ["dev2"]))
    for split in ("dev", "dev2"):
        _print(f"\nThe same appliances at the pace of other meters ({split}), told nothing:\n")
        _paces(Recordings(place_from(arguments), [split]))
    _print("\nClosed loop, 28 days, three uses a day; the least and the most saved over four loads:\n")
    closed_loop.main()


def _table(recordings: Recordings) -> None:
    _print("| rule | saved % | macro % | wrong cuts in use | never-cut cut (a day) | median delay | wanted in 15 min |")
    _print("|---|---|---|---|---|---|---|")
    for name, rule in BASELINES.items():
        _row(recordings, name, getattr(recordings.baselines, rule), {})
    shipped = Remembered(Factory)
    for name, options in SHIPPED.items():
        _row(recordings, f"**shipped, {name}**", shipped.every(5), options)


def _paces(recordings: Recordings) -> None:
    _print("| readings | saved % | macro % | wrong cuts in use | never-cut cut |")
    _print("|---|---|---|---|---|")
    for name, pace in PACES.items():
        found = summed(recordings.scores(pace, ByMinute))
        _print(f"| {name} | {found.saved:.1f} | {found.macro:.1f} | {found.wrong} | {found.never} |")


def _row(recordings: Recordings, name: str, factory: Callable[..., Any], options: dict[str, Any]) -> None:
    found = summary(recordings.run(factory, **options))
    never = f"{found.never} ({found.never_per_day:.2f})"
    figures = (f"{found.saved:.1f}", f"{found.macro:.1f}", found.wrong, never, f"{found.delay:.1f} min", found.regret)
    _print(f"| {name} | {' | '.join(map(str, figures))} |")


def microseconds_a_reading(recordings: Recordings) -> float:
    """CPU of the pure step over all recordings, column-wise; the best of three passes: others use the machine too."""
    columns = [
        ([EPOCH_MS + at_s * 1_000 for at_s, _ in readings], [watts for _, watts in readings])
        for readings, _ in (recordings.score.read_trace("dev", meta["trace"]) for meta in recordings.metas)
    ]
    readings = sum(len(times) for times, _ in columns)
    return min(_seconds(columns) for _ in range(3)) * 1e6 / readings


def _seconds(columns: Sequence[tuple[list[int], list[float]]]) -> float:
    spent, rule = 0.0, Rule(policy="cut")
    for times, watts in columns:
        state = State()
        for start in range(0, len(times), BATCH):
            batch = times[start : start + BATCH], watts[start : start + BATCH]
            began = time.process_time()
            state, _ = step_detector(state, rule, *batch)
            spent += time.process_time() - began
    return spent


def _print(line: str, end: str = "\n") -> None:
    print(line, end=end, flush=True)  # noqa: T201 - the command's output


if __name__ == "__main__":
    main(sys.argv[1:])
