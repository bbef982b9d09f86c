"""Readings as a signal: the power at each moment, in whole milliwatts and milliseconds, so that sums are exact.

A reading may say how long it held: its span, which is clipped at the reading before. Its power stands from the start
of its span until the start of the next one's. Where no reading speaks for over two minutes there is a gap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from operator import lt, sub
from typing import NamedTuple

from chalicelib.detection.model import MINUTE_MS

MAX_GAP_MS = 120_000
"""Past two minutes without a reading nobody knows what the appliance did."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings without a gap between them, oldest first.

    Attributes:
        starts_ms: The start of each reading's span; its own time where it does not say that it held.
        times_ms: The time of each reading.
        silences_ms: The time between each span and the reading before it.
        milliwatts: The power of each.
        after_gap: Whether there is a gap, or nothing at all, before the first.
        is_held: Whether any reading has a span.
    """

    starts_ms: Sequence[int]
    times_ms: Sequence[int]
    silences_ms: Sequence[int]
    milliwatts: Sequence[int]
    after_gap: bool
    is_held: bool


class Window(NamedTuple):
    """The signal within one clock minute, as far as it is known.

    Attributes:
        start_ms, end_ms: From when to when.
        heard_ms: The time of the reading before it; its start where a span goes on there.
        carried_milliwatts: The power of that reading.
        starts_ms, times_ms, milliwatts: The spans within it (clipped to it), and the readings without one.
        samples: How many of them are readings that do not continue a span.
        held_ms: The time within it for which readings say that they held.
    """

    start_ms: int
    end_ms: int
    heard_ms: int
    carried_milliwatts: int
    starts_ms: Sequence[int]
    times_ms: Sequence[int]
    milliwatts: Sequence[int]
    samples: int
    held_ms: int

    def powers(self) -> tuple[list[int], list[int]]:
        """The milliwatts, first those that were carried, and for how many milliseconds each stood."""
        edges = [self.start_ms, *self.starts_ms, self.end_ms]
        return [self.carried_milliwatts, *self.milliwatts], list(map(sub, edges[1:], edges))


def stretches(
    watermark_ms: int, times_ms: Sequence[int], watts: Sequence[float], held_ms: Sequence[int]
) -> Iterator[Stretch]:
    """The readings after the watermark, the first of each time.

    Args:
        watermark_ms: The time of the newest reading so far, epoch ms; -1 if there is none.
        times_ms: Epoch ms, oldest first.
        watts: As many watts.
        held_ms: As many lengths of spans; empty where no reading has one.

    Raises:
        ValueError: The lengths differ.
    """
    if len(times_ms) != len(watts) or len(held_ms) not in (0, len(times_ms)):
        raise ValueError("as many times as watts, and as many spans or none")
    times_ms, watts, held_ms = _fresh(watermark_ms, times_ms, watts, held_ms)
    if not times_ms:
        return
    milliwatts = [round(reading_watts * 1_000) for reading_watts in watts]
    before_ms = [watermark_ms, *times_ms[:-1]]
    starts_ms = times_ms
    is_held = any(held_ms)
    if is_held:
        wanted_ms = map(sub, times_ms, held_ms)
        starts_ms = list(map(max, wanted_ms, before_ms))
    silences_ms = list(map(sub, starts_ms, before_ms))
    edges = [0, len(times_ms)]
    if max(silences_ms) > MAX_GAP_MS:
        edges[1:1] = [index for index, silence_ms in enumerate(silences_ms) if index and silence_ms > MAX_GAP_MS]
    for start, end in pairwise(edges):
        after_gap = silences_ms[start] > MAX_GAP_MS or (start == 0 and watermark_ms < 0)
        cut = slice(start, end)
        yield Stretch(starts_ms[cut], times_ms[cut], silences_ms[cut], milliwatts[cut], after_gap, is_held)


def _fresh(
    watermark_ms: int, times_ms: Sequence[int], watts: Sequence[float], held_ms: Sequence[int]
) -> tuple[Sequence[int], Sequence[float], Sequence[int]]:
    start = bisect_right(times_ms, watermark_ms)
    times_ms, watts, held_ms = times_ms[start:], watts[start:], held_ms[start:]
    if all(map(lt, times_ms, times_ms[1:])):
        return times_ms, watts, held_ms
    is_first = [True, *map(lt, times_ms, times_ms[1:])]
    return list(compress(times_ms, is_first)), list(compress(watts, is_first)), list(compress(held_ms, is_first))


def windows(stretch: Stretch, from_ms: int, carried_milliwatts: int) -> Iterator[Window]:
    """The stretch, one clock minute after the other.

    Args:
        stretch: The readings.
        from_ms: The time of the reading before them; after a gap the start of the first.
        carried_milliwatts: The power at that time.
    """
    starts_ms, times_ms, milliwatts = stretch.starts_ms, stretch.times_ms, stretch.milliwatts
    known_until_ms, heard_ms, after = times_ms[-1], from_ms, 0
    while from_ms < known_until_ms or after < len(times_ms):
        minute_end_ms = (from_ms // MINUTE_MS + 1) * MINUTE_MS
        first, after = after, bisect_left(starts_ms, minute_end_ms, after)
        samples = after - first - stretch.silences_ms[first:after].count(0)
        end_ms = min(minute_end_ms, known_until_ms)
        if first and times_ms[first - 1] > from_ms:
            first -= 1  # its span goes on
        starts, times, inside = starts_ms[first:after], times_ms[first:after], milliwatts[first:after]
        held_ms = 0
        if stretch.is_held and starts:
            starts, times = [max(starts[0], from_ms), *starts[1:]], [*times[:-1], min(times[-1], end_ms)]
            held_ms = sum(times) - sum(starts)
        yield Window(from_ms, end_ms, heard_ms, carried_milliwatts, starts, times, inside, samples, held_ms)
        from_ms = end_ms
        if inside:
            heard_ms, carried_milliwatts = times[-1], inside[-1]
