"""Decisions of detectors, remembered: what the scorer asks again of a detector that is told the same is not run again.

The energy after 48 h comes from the cuts of the whole recording, and what may be cut is told the same with and without
the never-cut flags of other appliances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.trace_detector import Meta


class Remembered:
    """A factory of detectors whose decisions are remembered for each recording, pace and what is told of it."""

    def __init__(self, factory: Callable[[Meta], Any]) -> None:
        self._factory = factory
        self._cuts: dict[tuple[str, bool, str, int], list[float]] = {}

    def every(self, seconds: int) -> Callable[[Meta], Any]:
        """The factory for recordings thinned to a reading in so many seconds."""
        return lambda meta: self._detector(meta, seconds)

    def _detector(self, meta: Meta, every_seconds: int) -> Any:
        key = (meta["trace"], meta["never_cut"], meta["kind"], every_seconds)
        if key in self._cuts:
            return _Replayed(self._cuts[key])
        self._cuts[key] = []
        return _Recorded(self._factory(meta), self._cuts[key])


class _Recorded:
    def __init__(self, detector: Any, cuts: list[float]) -> None:
        self._detector, self._cuts = detector, cuts
        self.restored = detector.restored

    def step(self, t_seconds: float, power_w: float) -> bool:
        is_cut = bool(self._detector.step(t_seconds, power_w))
        if is_cut:
            self._cuts.append(t_seconds)
        return is_cut


class _Replayed:
    def __init__(self, cuts: list[float]) -> None:
        self._cuts = frozenset(cuts)

    def step(self, t_seconds: float, _power_w: float) -> bool:
        return t_seconds in self._cuts
