"""The recordings and their scorer, for the benchmarks: where they lie is the first argument of each command."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.benchmarks.paces import Pace
from tests.benchmarks.scorer import WORTH_A_SHARE_WH, Label, Recording, Score, score

DEFAULT_PLACE = Path("../shared/traces")


@dataclass(frozen=True, slots=True)
class Summary:
    """saved and macro in percent of the oracle; wrong cuts in use; cuts of never-cut appliances and those per day;
    median delay in minutes; appliances wanted again within 15 minutes of a cut."""

    saved: float
    macro: float
    wrong: int
    never: int
    never_per_day: float
    delay: float
    regret: int


class Recordings:
    """The recordings of a place, each read once: those of the sets given, dev by default."""

    def __init__(self, place: Path, sets: Sequence[str] = ("dev",)) -> None:
        sys.path.insert(0, str(place.resolve()))
        self.score = _module("score")
        self.baselines = _module("baselines")
        manifest = json.loads((place / "manifest.json").read_text())
        self.metas: list[dict[str, Any]] = [meta for meta in manifest if meta["split"] in sets]
        self.score.read_trace = cache(self.score.read_trace)

    def run(
        self,
        factory: Callable[..., Any],
        *,
        informed: bool = False,
        kind: bool = False,
        every: int = 5,
        warmup_hours: float = 0,
    ) -> list[dict[str, Any]]:
        """The scorer's row of each recording, in the order of metas."""
        self.score.TELL_KIND, self.score.EVERY_S, self.score.WARMUP_S = kind, every, warmup_hours * 3_600
        return [self.score.run_trace(meta, factory, informed) for meta in self.metas]

    def scores(self, pace: Pace, factory: Callable[..., Any]) -> list[Score]:
        """Our own score of each recording, told nothing, as a meter of this pace tells it."""
        found = []
        for meta in self.metas:
            readings, rows = self.score.read_trace(meta["split"], meta["trace"])
            labels = [Label(*row) for row in rows]
            recording = Recording(readings, labels, never=meta["never_cut"])
            blind = {"trace": meta["trace"], "never_cut": False, "kind": "unknown"}
            found.append(score(meta["trace"], recording, pace, factory, blind, 0))
        return found


def _module(name: str) -> Any:
    """A module of the recordings' folder, which no type checker sees."""
    return importlib.import_module(name)


def summary(rows: Sequence[dict[str, Any]]) -> Summary:
    """The figures of the scorer's summary for these rows."""
    cuttable = [row for row in rows if not row["never"]]
    never = [row for row in rows if row["never"]]
    oracle = sum(row["oracle_wh"] for row in cuttable)
    shares = [row["saved_wh"] / row["oracle_wh"] for row in cuttable if row["oracle_wh"] >= WORTH_A_SHARE_WH]
    delays = sorted(delay for row in cuttable for delay in row["delays"])
    never_cuts, never_days = sum(row["false_never"] for row in never), sum(row["days"] for row in never)
    return Summary(
        saved=100 * sum(row["saved_wh"] for row in cuttable) / oracle if oracle else 0.0,
        macro=100 * sum(shares) / len(shares) if shares else 0.0,
        wrong=sum(row["false_on"] for row in cuttable),
        never=never_cuts,
        never_per_day=never_cuts / never_days if never_days else 0.0,
        delay=delays[len(delays) // 2] / 60 if delays else 0.0,
        regret=sum(row["regret"] for row in cuttable),
    )


def place_from(arguments: Sequence[str]) -> Path:
    """Where the recordings lie, from a command's arguments."""
    return Path(arguments[0]) if arguments else DEFAULT_PLACE
