"""What a meter tells of an appliance: every reading of a recording, some of them, or only the changes.

A report is (t_seconds, watts, held_seconds): how long the power had held when it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

Reading = tuple[int, float]
"""Seconds from the start of the recording, and watts."""
Report = tuple[int, float, int]
Pace = Callable[[Sequence[Reading]], Iterator[Report]]

BAND_WATTS, BAND_SHARE = 2.5, 0.05
"""The power has changed when it differs by more than both from the value at the start of the span."""
SILENCE_SECONDS = 30
"""A recording that pauses for longer has a gap, which no span covers."""


def every(seconds: int, readings: Sequence[Reading]) -> Iterator[Report]:
    """The first reading of each so many seconds, which says nothing of having held."""
    slot = None
    for at, watts in readings:
        if at // seconds != slot:
            slot = at // seconds
            yield at, watts, 0


@dataclass(slots=True)
class _Span:
    """A stretch within the band: when it began and with what, until when it held, and the energy of it."""

    start: int
    first_watts: float
    end: int
    watts: float
    joules: float = 0.0

    def goes_on(self, at: int, watts: float) -> bool:
        band = max(BAND_WATTS, BAND_SHARE * self.first_watts)
        return at - self.end <= SILENCE_SECONDS and abs(watts - self.first_watts) <= band

    def take(self, at: int, watts: float) -> None:
        self.joules += (watts + self.watts) / 2 * (at - self.end)
        self.end, self.watts = at, watts

    def report(self) -> Report:
        held = self.end - self.start
        return self.end, self.joules / held if held else self.watts, held


def on_change(seconds: int, readings: Sequence[Reading], *, by_the_clock: bool = False) -> Iterator[Report]:
    """Each span when it ends and the value after it, and at least a report in so many seconds.

    by_the_clock: those are at whole multiples of the seconds, however long ago the last change was.
    """
    span: _Span | None = None
    for at, watts in readings:
        if span is None or not span.goes_on(at, watts):
            if span is not None and span.end > span.start:
                yield span.report()
            span = _Span(at, watts, at, watts)
            yield at, watts, 0
            continue
        last = span.start
        span.take(at, watts)
        if at // seconds != last // seconds if by_the_clock else at - last >= seconds:
            yield span.report()
            span = _Span(at, span.first_watts, at, watts)


PACES: dict[str, Pace] = {
    "every 5 s": partial(every, 5),
    "every 10 s": partial(every, 10),
    "every 30 s": partial(every, 30),
    "every 60 s": partial(every, 60),
    "every 120 s": partial(every, 120),
    "every 300 s, held": partial(on_change, 300, by_the_clock=True),
    "on change, held": partial(on_change, 300),
}
"""By name; the first is that of the recordings."""
