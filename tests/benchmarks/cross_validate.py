"""Does the detector fit its recordings? Parameters are chosen on some appliances and scored on the others.

    python -m tests.benchmarks.cross_validate [place of the recordings [sets, dev by default ...]]

Readings are taken a minute at a time, since one by one would take hours; this is within half a point of
make bench-detector. Each parameter is moved away from its shipped value, one at a time. Then, for random halves of the
appliance classes, the best variant on one half (fewest wrong cuts, then most saved) is scored on the other; and leaving
one class out.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from chalicelib.detection import dwell, histogram, learned_rule
from tests.benchmarks.recordings import Recordings, Summary, place_from, summary
from tests.benchmarks.trace_detector import ByMinute

Rows = list[dict[str, Any]]
VARIANTS: list[tuple[ModuleType, str, tuple[float, ...]]] = [
    (dwell, "MAX_REGRET", (0.15, 0.25)),
    (dwell, "PRIOR_RUNS", (2, 4)),
    (dwell, "SOON_MINUTES", (10, 20)),
    (dwell, "THERMOSTAT_MINUTES", (90, 150)),
    (learned_rule, "PROGRAMME_MINUTES", (45, 90)),
    (histogram, "MIN_SHARE", (0.02, 0.1)),
    (histogram, "HIGH_RATIO", (2.0, 4.0)),
    (learned_rule, "HEAT_MINUTES", (7, 14)),
    (learned_rule, "FOLD_MS", (40_000, 90_000)),
    (histogram, "MIN_EMPTY_BINS", (1, 3)),
    (histogram, "MIN_RATIO", (1.45, 1.75)),
    (histogram, "HEADROOM", (1.3, 2.0)),
    (histogram, "MIN_USE_MINUTES", (3, 10)),
]
HALVES, SEED = 50, 2_026
WRONG_COSTS = 100.0
"""A wrong cut outweighs any saving, in points."""


def main(arguments: Sequence[str]) -> None:
    recordings = Recordings(place_from(arguments), arguments[1:] or ["dev"])
    tables = {"shipped": recordings.run(ByMinute)}
    _print("shipped", summary(tables["shipped"]))
    for module, name, values in VARIANTS:
        shipped = getattr(module, name)
        for value in values:
            setattr(module, name, value)
            tables[f"{name} {shipped} -> {value}"] = rows = recordings.run(ByMinute)
            _print(f"{name} {shipped} -> {value}", summary(rows))
        setattr(module, name, shipped)
    classes = [str(meta["cls"]) for meta in recordings.metas]
    _print(f"{HALVES} halves, unseen", _halves(tables, classes))
    _print("one class left out", _leave_one_out(tables, classes))


def _halves(tables: dict[str, Rows], classes: Sequence[str]) -> Summary:
    """The mean over random halves of the classes of what is scored on the half that did not choose."""
    chance, names = random.Random(SEED), sorted(set(classes))  # noqa: S311 - a draw, no secret
    figures = []
    for _ in range(HALVES):
        seen = set(chance.sample(names, len(names) // 2))
        unseen = set(names) - seen
        figures.append(_figures(summary(_of(tables[_best(tables, classes, seen)], classes, unseen))))
    return Summary(*(sum(column) / HALVES for column in zip(*figures, strict=True)))


def _leave_one_out(tables: dict[str, Rows], classes: Sequence[str]) -> Summary:
    rows: Rows = []
    for left_out in sorted(set(classes)):
        rows += _of(tables[_best(tables, classes, set(classes) - {left_out})], classes, {left_out})
    return summary(rows)


def _best(tables: dict[str, Rows], classes: Sequence[str], seen: set[str]) -> str:
    def worth(name: str) -> float:
        found = summary(_of(tables[name], classes, seen))
        return found.saved + found.macro - WRONG_COSTS * (found.wrong + found.never)

    return max(tables, key=worth)


def _of(rows: Rows, classes: Sequence[str], wanted: set[str]) -> Rows:
    return [row for row, cls in zip(rows, classes, strict=True) if cls in wanted]


def _figures(found: Summary) -> list[float]:
    return [getattr(found, name) for name in Summary.__slots__]


def _print(name: str, found: Summary) -> None:
    print(  # noqa: T201 - the command's output
        f"| {name} | {found.saved:.1f} | {found.macro:.1f} | {found.wrong:.2g} | {found.never_per_day:.3f} |",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
