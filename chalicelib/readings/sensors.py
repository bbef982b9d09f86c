"""Summaries of custom sensors over a stretch of time: mean, least and most of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import fsum

from chalicelib.core.local_time import Span
from chalicelib.readings.model import SensorLog


@dataclass(frozen=True, slots=True)
class Summary:
    """The values of one sensor in a stretch: their plain mean, each value counting alike, and the extremes."""

    mean: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Summaries:
    """The summaries of a stretch of time by the names of the sensors that said something in it."""

    span: Span
    sensors: Mapping[str, Summary]


def summarised(logs: Iterable[SensorLog], span_of: Callable[[int], Span]) -> Iterator[Summaries]:
    """Logs, oldest first, by the stretches they lie in; span_of gives that of a time. Empty stretches are left out.

    It never asks for more logs than up to the first one past a stretch.
    """
    remaining = iter(logs)
    first = next(remaining, None)
    while first is not None:
        span, values = span_of(first.at_ms), dict[str, list[float]]()
        log: SensorLog | None
        for log in chain([first], remaining):
            if log.at_ms >= span.end_ms:
                break
            for name, value in log.values.items():
                values.setdefault(name, []).append(value)
        else:
            log = None
        yield Summaries(span, {name: _summary(found) for name, found in values.items()})
        first = log


def _summary(values: list[float]) -> Summary:
    return Summary(fsum(values) / len(values), min(values), max(values))
