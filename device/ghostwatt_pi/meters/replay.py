"""Recordings as a meter: each file is one outlet, measured as if it happened now, or faster."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ghostwatt_pi.measurement import GAP_MS, MAX_CHANNEL, Measurement, now_ms
from ghostwatt_pi.meters.recording import ReplayError, Sample, read_samples
from ghostwatt_pi.outlets.relays import SimulatedRelays

GAP_SECONDS = GAP_MS / 1000
KEPT_GAP_SECONDS = 125.0
"""The least length of a recorded gap in the time stamps, so that the cloud still sees a gap."""
TURN_SECONDS = 0.05
"""Readings due within this time are yielded together: at speed 1000 each reading by itself would cost too much."""
MAX_TURN_READINGS = 500
"""The most readings at once, when the disk cannot keep up with the speed."""


class Replay:
    """A meter of recordings. While an outlet is off, its readings are 0 W.

    Args:
        files: One recording a channel.
        speed: The factor by which readings come closer together. A gap of over two minutes stays over two minutes.
        from_hours: The hour of each recording to begin at.
        hours: The hours to replay; None for all.
        first_channel: The channel of the first file.

    Raises:
        ReplayError: The channels go too high. The iterator raises it too, for a bad file, which `count` finds first.
    """

    def __init__(
        self,
        files: Sequence[Path],
        speed: float = 1.0,
        from_hours: float = 0.0,
        hours: float | None = None,
        first_channel: int = 1,
    ) -> None:
        if first_channel < 1 or first_channel + len(files) - 1 > MAX_CHANNEL:
            raise ReplayError(f"channels go from 1 to {MAX_CHANNEL}")
        self.relays = SimulatedRelays()
        self._files, self._speed, self._first_channel = files, speed, first_channel
        self._from_seconds = from_hours * 3600
        self._to_seconds = float("inf") if hours is None else self._from_seconds + hours * 3600

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """Yield the readings of all files as they are due."""
        started, started_ms = time.monotonic(), now_ms()
        coming = heapq.merge(*(self._scheduled(index) for index in range(len(self._files))), key=lambda item: item[0])
        turn: list[Measurement] = []
        for due_seconds, channel, sample in coming:
            wait_seconds = started + due_seconds - time.monotonic()
            if turn and (wait_seconds > TURN_SECONDS or len(turn) >= MAX_TURN_READINGS):
                yield turn
                turn = []
            if wait_seconds > TURN_SECONDS:
                stop.wait(wait_seconds)
            if stop.is_set():
                return
            turn.append(self._measurement(channel, sample, started_ms + round(due_seconds * 1000)))
        if turn:
            yield turn

    def count(self) -> int:
        """Read all files through, and return the number of readings. Raises ReplayError."""
        return sum(1 for index in range(len(self._files)) for _ in self._scheduled(index))

    def _scheduled(self, index: int) -> Iterator[tuple[float, int, Sample]]:
        """Yield (seconds after the start of the replay, channel, sample) of one file."""
        due_seconds, before = 0.0, self._from_seconds
        nothing = is_empty = True
        for sample in read_samples(self._files[index]):
            is_empty = False
            if sample.at_seconds >= self._to_seconds:
                break
            if sample.at_seconds < self._from_seconds:
                continue
            if not nothing:
                apart_seconds = compressed_seconds(sample.at_seconds - before, self._speed)
                due_seconds += max(apart_seconds, KEPT_GAP_SECONDS) if sample.after_gap else apart_seconds
            before, nothing = sample.at_seconds, False
            yield due_seconds, self._first_channel + index, sample
        if nothing:
            where = "" if is_empty else " in the chosen hours"
            raise ReplayError(f"{self._files[index]} has no readings{where}")

    def _measurement(self, channel: int, sample: Sample, timestamp_ms: int) -> Measurement:
        if self.relays.is_on(channel):
            return Measurement(
                channel, timestamp_ms, sample.volts, sample.amps, sample.watts, after_gap=sample.after_gap
            )
        return Measurement(channel, timestamp_ms, sample.volts, None if sample.amps is None else 0.0, 0.0)


def compressed_seconds(recorded_seconds: float, speed: float) -> float:
    """Return the time between two readings of the replay: at least 1 ms, since time stamps identify readings."""
    if recorded_seconds <= GAP_SECONDS:
        return max(recorded_seconds / speed, 0.001)
    return max(recorded_seconds / speed, KEPT_GAP_SECONDS)
