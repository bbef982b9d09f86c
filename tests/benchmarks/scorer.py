"""Score a detector on a recording: what it sees follows a meter's pace, what it saves is counted on every reading.

- A cut in standby is good. The outlet stays off, and the detector hears nothing, until the appliance is in use again.
- A cut in use, more than half a minute from either end of it, is wrong. A person switches on again a minute later.
- Any cut of an appliance that must keep its power is wrong. Of wrong cuts one an hour counts.
- A cut while the appliance is off, or where the recording does not say, is neither, but the outlet stays off.
- Saved is the standby energy that was not drawn, relative to an oracle that cuts five minutes into each standby.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Protocol

from tests.benchmarks.paces import Pace, Reading

GUARD_SECONDS = 30
LONGEST_SECONDS = 30
"""A reading counts for the time until the next, but no longer."""
ORACLE_SECONDS = 300
RESTORED_AFTER_SECONDS = 60
WRONG_ONCE_IN_SECONDS = 3_600
WANTED_SOON_SECONDS = 900
SPELL_SECONDS = 600
"""The delay is that of standby which lasts so long."""
LABEL_SLACK_SECONDS = 5
DAY_LIMIT_SECONDS = 120
WORTH_A_SHARE_WH = 5
"""Recordings with less standby to save than this have no part in the macro mean."""


class Detector(Protocol):
    """Readings in, whether to cut out."""

    def step(self, t_seconds: float, power_w: float, held_seconds: float = 0) -> bool: ...

    def restored(self, t_seconds: float, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Label:
    """What the appliance did from one second to another: off, standby, on, ambiguous."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Score:
    """Of one recording: energy in watt-hours, counts of cuts, and the delay in seconds of each spell that was cut."""

    trace: str
    never: bool
    days: float
    oracle_wh: float
    saved_wh: float
    wrong: int
    never_cuts: int
    good: int
    wanted_soon: int
    delays: tuple[int, ...]
    wrong_at: tuple[int, ...]


class Recording:
    """A recording with its labels, and the sums that every score of it needs."""

    def __init__(self, readings: Sequence[Reading], labels: Sequence[Label], *, never: bool) -> None:
        self.readings, self.never = readings, never
        self.times = [at for at, _ in readings]
        self._labels, self._starts = labels, [label.start for label in labels]
        self.days = sum(min(later - at, DAY_LIMIT_SECONDS) for at, later in pairwise(self.times)) / 86_400
        lasted = [min(later - at, LONGEST_SECONDS) for at, later in pairwise(self.times)]
        watt_hours = [watts * seconds / 3_600 for (_, watts), seconds in zip(readings, [*lasted, 0], strict=True)]
        names = [self.label_at(at).name for at in self.times]
        standby = [0.0 if never or name != "standby" else each for name, each in zip(names, watt_hours, strict=True)]
        self._standby_wh = [0.0, *accumulate(standby)]
        self._in_use = [at for at, name in zip(self.times, names, strict=True) if name == "on"]
        self._reachable_wh = [0.0, *accumulate(self._within_reach(names, standby))]

    def label_at(self, at: float) -> Label:
        """What the appliance does at this second."""
        return self._labels[max(0, bisect_right(self._starts, at) - 1)]

    def _within_reach(self, names: Sequence[str], standby: Sequence[float]) -> list[float]:
        """The standby energy from five minutes on after each use."""
        since, reachable = None, []
        for at, name, watt_hours in zip(self.times, names, standby, strict=True):
            if name == "on":
                since = None
            elif name == "standby" and since is None:
                since = max(self.label_at(at).start, at - LABEL_SLACK_SECONDS)
            reachable.append(watt_hours if since is not None and at - since >= ORACLE_SECONDS else 0.0)
        return reachable

    def oracle_wh(self, from_seconds: float) -> float:
        """What the oracle saves from this second on."""
        return self._reachable_wh[-1] - self._reachable_wh[bisect_left(self.times, from_seconds)]

    def standby_wh(self, start: float, end: float) -> float:
        """The standby energy of the readings after start and before end."""
        first, last = bisect_right(self.times, start), bisect_left(self.times, end)
        return self._standby_wh[max(first, last)] - self._standby_wh[first]

    def used_after(self, at: float) -> float:
        """When the appliance is in use next."""
        index = bisect_right(self._in_use, at)
        return self._in_use[index] if index < len(self._in_use) else float("inf")


@dataclass(slots=True)
class _Run:
    """A detector on a recording, and what came of it so far."""

    recording: Recording
    detector: Any
    from_seconds: float
    saved_wh: float = 0.0
    good: int = 0
    wanted_soon: int = 0
    wrong_at: list[float] = field(default_factory=list)
    delays: dict[int, int] = field(default_factory=dict)
    hears_from: float = -1.0
    """Until then it is not asked: the outlet is off, or a person is about to switch it on."""

    def cut(self, at: float) -> None:
        label = self.recording.label_at(at)
        if self.recording.never or label.name == "on":
            if not self.recording.never and min(at - label.start, label.end - at) < GUARD_SECONDS:
                return
            if not self.wrong_at or at - self.wrong_at[-1] >= WRONG_ONCE_IN_SECONDS:
                self.wrong_at.append(at)
            self.hears_from = at + RESTORED_AFTER_SECONDS
            self.detector.restored(self.hears_from, "false")
            return
        self.hears_from = wanted_at = self.recording.used_after(at)
        self.saved_wh += self.recording.standby_wh(max(at, self.from_seconds - 1), wanted_at)
        if label.name == "standby":
            self.good += 1
            if label.end - label.start >= SPELL_SECONDS:
                self.delays.setdefault(label.start, round(at - label.start))
        if wanted_at < float("inf"):
            self.wanted_soon += wanted_at - at < WANTED_SOON_SECONDS
            self.detector.restored(wanted_at, "use")


def score(
    trace: str, recording: Recording, pace: Pace, factory: Callable[[Any], Any], meta: Any, from_seconds: float
) -> Score:
    """Run a detector over a recording as a meter of this pace tells it.

    Args:
        trace: The recording's name.
        recording: The recording.
        pace: What the meter tells.
        factory: Gives the detector for meta.
        meta: What the detector is told of the appliance.
        from_seconds: Energy before this second of the recording is left out.
    """
    run = _Run(recording, factory(meta), from_seconds)
    detector = run.detector
    for at, watts, held in pace(recording.readings):
        if at >= run.hears_from and detector.step(at, watts, min(held, at - run.hears_from)):
            run.cut(at)
    wrong = tuple(round(at) for at in run.wrong_at)
    return Score(
        trace=trace,
        never=recording.never,
        days=recording.days,
        oracle_wh=recording.oracle_wh(from_seconds),
        saved_wh=run.saved_wh,
        wrong=0 if recording.never else len(wrong),
        never_cuts=len(wrong) if recording.never else 0,
        good=run.good,
        wanted_soon=run.wanted_soon,
        delays=tuple(run.delays.values()),
        wrong_at=wrong,
    )


@dataclass(frozen=True, slots=True)
class Summed:
    """Of several recordings: saved and macro in percent of the oracle, wrong cuts, cuts of never-cut appliances."""

    saved: float
    macro: float
    wrong: int
    never: int


def summed(scores: Sequence[Score]) -> Summed:
    """The sums over these scores."""
    oracle_wh = sum(each.oracle_wh for each in scores if not each.never)
    shares = [each.saved_wh / each.oracle_wh for each in scores if each.oracle_wh >= WORTH_A_SHARE_WH]
    return Summed(
        saved=100 * sum(each.saved_wh for each in scores) / oracle_wh if oracle_wh else 0.0,
        macro=100 * sum(shares) / len(shares) if shares else 0.0,
        wrong=sum(each.wrong for each in scores),
        never=sum(each.never_cuts for each in scores),
    )
