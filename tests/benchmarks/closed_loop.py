"""A closed loop: an appliance behind a meter and a relay, the shipped detector, and a person who switches on again.

Recordings cannot show what a cut does to the readings that follow; this can. No clock, no files.

    python -m tests.benchmarks.closed_loop
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.trace_detector import ClosedLoop

DAY_SECONDS = 86_400
USE_HOURS = (7, 12, 19)
USE_SECONDS = 3_600
LATE_SECONDS = 1_200
"""A use begins up to so much earlier or later than its hour."""
COMPLAINT_SECONDS = 60
"""A person restores what was cut in use after a minute."""
WANDER_SECONDS = 7_200
"""A load that wanders takes about so long from one end of its range to the other."""

Load = Callable[[random.Random, float], Iterator[float]]
"""Standby watts reading by reading, from a source of chance and the seconds between readings."""


@dataclass(frozen=True, slots=True)
class Home:
    """One appliance and how it is used and measured: standby and use in watts, a reading in every_seconds."""

    load: Load
    use_watts: float = 80.0
    every_seconds: float = 10.0
    days: int = 28
    meter_step_watts: float = 0.1
    kind: str = "unknown"
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """Standby that would have been drawn and was saved, in watt-hours; cuts, and those of the appliance in use."""

    standby_wh: float = 0.0
    saved_wh: float = 0.0
    cuts: int = 0
    wrong: int = 0

    @property
    def saved_percent(self) -> float:
        """The share of the standby that was saved, the time of learning included."""
        return 100 * self.saved_wh / self.standby_wh


def steady(watts: float, _chance: random.Random, _every_seconds: float) -> Iterator[float]:
    """A load that never changes."""
    while True:
        yield watts


def noisy(watts: float, by_watts: float, chance: random.Random, _every_seconds: float) -> Iterator[float]:
    """A load that each reading shows up to by_watts higher or lower."""
    while True:
        yield watts + chance.uniform(-by_watts, by_watts)


def wandering(watts: float, by_share: float, chance: random.Random, every_seconds: float) -> Iterator[float]:
    """A load that moves slowly within a share of itself."""
    place, step = 0.0, (every_seconds / WANDER_SECONDS) ** 0.5
    while True:
        yield watts * (1 + by_share * place)
        place = max(-1.0, min(1.0, place + chance.gauss(0.0, step)))


def run(home: Home) -> Outcome:
    """Live through the days: the detector cuts, the relay obeys, the person switches on for the next use."""
    chance, outcome = random.Random(home.seed), Outcome()  # noqa: S311 - a draw, no secret
    detector = ClosedLoop({"trace": "made up", "never_cut": False, "kind": home.kind})
    standby, uses = home.load(chance, home.every_seconds), _uses(chance, home.days)
    (starts, ends), is_off, complains_at = next(uses), False, None
    at = chance.random() * home.every_seconds
    while at < home.days * DAY_SECONDS:
        while at >= ends:
            starts, ends = next(uses)
        in_use, idle_watts = at >= starts, next(standby)
        if is_off and complains_at is not None and at >= complains_at:
            detector.restored(at, "false")
            is_off, complains_at = False, None
        elif is_off and in_use and complains_at is None:
            detector.restored(at, "use")
            is_off = False
        if not in_use:
            watt_hours = idle_watts * home.every_seconds / 3_600
            outcome.standby_wh += watt_hours
            outcome.saved_wh += watt_hours if is_off else 0.0
        drawn = 0.0 if is_off else _measured(home.use_watts if in_use else idle_watts, home.meter_step_watts)
        if detector.step(at, drawn) and not is_off:
            is_off = True
            outcome.cuts += 1
            outcome.wrong += in_use
            complains_at = at + COMPLAINT_SECONDS if in_use else None
        at += home.every_seconds
    return outcome


def _uses(chance: random.Random, days: int) -> Iterator[tuple[float, float]]:
    """Starts and ends of the uses in seconds; one after the last day ends the row."""
    for day in range(days + 1):
        for hour in USE_HOURS:
            starts = day * DAY_SECONDS + hour * 3_600 + chance.uniform(-LATE_SECONDS, LATE_SECONDS)
            yield starts, starts + USE_SECONDS


def _measured(watts: float, step_watts: float) -> float:
    return round(max(watts, 0.0) / step_watts) * step_watts


LOADS: dict[str, Callable[[float], Load]] = {
    "steady": lambda watts: partial(steady, watts),
    "+-0.5 W": lambda watts: partial(noisy, watts, 0.5),
    "wanders by 10 %": lambda watts: partial(wandering, watts, 0.1),
    "wanders by 25 %": lambda watts: partial(wandering, watts, 0.25),
}
WATTS = (3.0, 5.0, 9.0, 12.0, 16.0)
EVERY_SECONDS = (10.0, 30.0, 60.0)
OFTEN_SECONDS = (2.0,)


def main() -> None:
    """Print what is saved in 28 days: what takes long, a reading in two seconds, in a table of its own at the end."""
    print_saved(WATTS, EVERY_SECONDS)
    _print("")
    print_saved(WATTS, OFTEN_SECONDS)


def print_saved(watts: Sequence[float], every_seconds: Sequence[float]) -> None:
    """Print the least and the most saved over the loads, and the wrong cuts of all."""
    _print(f"| standby | {' | '.join(f'a reading in {every:.0f} s' for every in every_seconds)} | wrong cuts |")
    _print("|---" * (len(every_seconds) + 2) + "|")
    for level in watts:
        cells, wrong = [], 0
        for every in every_seconds:
            outcomes = [run(Home(load(level), every_seconds=every)) for load in LOADS.values()]
            saved = [outcome.saved_percent for outcome in outcomes]
            cells.append(f"{min(saved):.1f} to {max(saved):.1f} %")
            wrong += sum(outcome.wrong for outcome in outcomes)
        _print(f"| {level:g} W | {' | '.join(cells)} | {wrong} |")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the command's output


if __name__ == "__main__":
    main()
