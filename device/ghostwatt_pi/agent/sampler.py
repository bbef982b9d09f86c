"""Measures in a thread of its own, keeps readings in the buffer, and asks for an upload when one is due.

For a cloud that accepts spans steady measurements are joined (spans.py); else every measurement is a reading. Readings
go into the buffer before anything else looks at the measurement. Everything else looks at every measurement, sent or
not. A step in an outlet's power is uploaded early.

A process that is killed loses the spans under way, which are not in the buffer yet: at most `span_seconds` of steady
watts. If it starts again within two minutes the cloud joins the readings before and after by a straight line.

The thresholds of a step are chosen by what they cost. On 243 days of recorded appliances, beside one upload a minute, a
step of 20 W alone makes 159 more uploads a day and outlet. 20 W and 30 % make 126. They make 43 (median 9, or 3 % more)
when two readings in a row must show the step, which leaves out the spikes of motors and of meters.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from ghostwatt_pi.agent.spans import Spans
from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets.outlets import Outlets

STEP_WATTS = 20.0
STEP_PART = 0.3
READINGS_IN_A_ROW = 2
SPAN_SECONDS = 60.0
LOG_DROPPED_EVERY = 10_000
"""A full buffer drops readings with every measurement; a line for each would fill the journal."""


class Sampler:
    """Measures until the meter ends or `stop` is set.

    Attributes:
        measured: The number of measurements.
        kept: The number of readings that went into the buffer.
        wake: Set when there is a reason to upload.
        ended: Set when the meter has no more.
        switch_confirmed: Set by the first measurement after a switch.
        power_step: Set by a measurement whose power has changed by a step.
        failure: The error that made the meter or the buffer fail for good.
    """

    def __init__(
        self,
        meter: Meter,
        buffer: ReadingStore | Buffer,
        outlets: Outlets,
        log: EventLog,
        stop: threading.Event,
        step_watts: float,
        wake: threading.Event,
        span_seconds: float = SPAN_SECONDS,
    ) -> None:
        self.measured = self.kept = 0
        self.wake, self.ended = wake, threading.Event()
        self.switch_confirmed, self.power_step = threading.Event(), threading.Event()
        self.failure: Exception | None = None
        self._meter, self._buffer, self._outlets, self._log, self._stop = meter, buffer, outlets, log, stop
        self._steps = PowerStepDetector(step_watts)
        self._span_seconds = span_seconds
        self._spans: Spans | None = None
        self._switched: set[int] = set()  # outlets that were switched and not measured since
        self._lock = threading.Lock()  # around the spans and what they put into the buffer
        self._is_implausible = False
        self._unlogged_drops = LOG_DROPPED_EVERY - 1  # the first is logged immediately
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def join(self) -> None:
        """Wait until it has ended. Raises the error that made it fail."""
        self._thread.join()
        if self.failure:
            raise self.failure

    def has_full_batch(self) -> bool:
        """Whether as many live readings wait as one batch holds."""
        return self._buffer.live(self._outlets.port_ids) >= MAX_BATCH_READINGS

    def mark_uploaded(self) -> None:
        """Note that all measurements so far are about to be sent."""
        self.switch_confirmed.clear()
        self.power_step.clear()
        self._steps.mark_uploaded()

    def join_steady(self, *, is_accepted: bool) -> None:
        """Join steady measurements from now on, or no more: the cloud accepts spans, or does not."""
        with self._lock:
            if self._spans and not is_accepted:
                self._keep(self._spans.end())
                self._spans = None
            elif self._spans is None and is_accepted:
                self._spans = Spans(self._span_seconds)

    def keep_due_spans(self) -> None:
        """Keep spans that a silence or their length has ended. Call it often."""
        with self._lock:
            if self._spans:
                self._keep(self._spans.due(now_ms()))

    def _run(self) -> None:
        try:
            try:
                for measurements in self._meter.measurements(self._stop):
                    self._take(measurements)
            finally:
                with self._lock:
                    self._keep(self._spans.end() if self._spans else ())
            self.ended.set()
        except Exception as error:  # noqa: BLE001 - whatever it is: `join` raises it in the main thread, and the process ends
            self.failure = error
            self._stop.set()
        self.wake.set()

    def _take(self, measurements: Sequence[Measurement]) -> None:
        measurements = self._plausible(measurements)
        self._switched |= self._outlets.switched_outlets()
        with self._lock:
            self._keep(self._readings(measurements))
        self.measured += len(measurements)
        if self._outlets.take_measurements(measurements):
            self.switch_confirmed.set()
        if self._steps.detect(measurements):
            self.power_step.set()
        if self.switch_confirmed.is_set() or self.power_step.is_set() or self.has_full_batch():
            self.wake.set()

    def _readings(self, measurements: Sequence[Measurement]) -> Sequence[Measurement]:
        """Return the readings that these measurements complete."""
        if self._spans is None:
            return measurements
        readings: list[Measurement] = []
        for measurement in measurements:
            readings += self._spans.add(measurement, is_switching=measurement.channel in self._switched)
            self._switched.discard(measurement.channel)
        return readings

    def _keep(self, readings: Sequence[Measurement]) -> None:
        if readings:
            self._count_dropped(self._buffer.add(readings))
            self.kept += len(readings)

    def _plausible(self, measurements: Sequence[Measurement]) -> Sequence[Measurement]:
        """Leave out measurements that the cloud could never store; log it once an episode."""
        plausible = [measurement for measurement in measurements if measurement.is_plausible()]
        if len(plausible) == len(measurements):
            self._is_implausible = False
        elif not self._is_implausible:
            self._is_implausible = True
            bad = next(measurement for measurement in measurements if not measurement.is_plausible())
            values = f"{bad.voltage} V, {bad.current} A, {bad.power} W"
            self._log("warning", text=f"the meter gives values that no outlet has, and they are left out: {values}")
        return plausible

    def _count_dropped(self, dropped: int) -> None:
        self._unlogged_drops += dropped
        if dropped and self._unlogged_drops >= LOG_DROPPED_EVERY:
            self._log("dropped", readings=dropped, total=self._buffer.dropped())
            self._unlogged_drops = 0


class PowerStepDetector:
    """Compares each outlet's power with what was last uploaded of it.

    Args:
        step_watts: The least change that counts.
    """

    def __init__(self, step_watts: float = STEP_WATTS) -> None:
        self._step_watts = step_watts
        self._newest_watts: dict[int, float] = {}
        self._uploaded_watts: dict[int, float] = {}
        self._steps_in_a_row: dict[int, int] = {}

    def detect(self, measurements: Iterable[Measurement]) -> bool:
        """Take new measurements, and return whether one of them confirms a step."""
        steps = [self._is_step(measurement.channel, measurement.power) for measurement in measurements]
        return any(steps)

    def mark_uploaded(self) -> None:
        """Compare with the newest measurements from now on: they are on their way to the cloud."""
        self._uploaded_watts = dict(self._newest_watts)
        self._steps_in_a_row.clear()

    def _is_step(self, channel: int, watts: float) -> bool:
        self._newest_watts[channel] = watts
        uploaded_watts = self._uploaded_watts.setdefault(channel, watts)
        change = abs(watts - uploaded_watts)
        is_large = change >= self._step_watts and change >= STEP_PART * max(watts, uploaded_watts)
        self._steps_in_a_row[channel] = self._steps_in_a_row.get(channel, 0) + 1 if is_large else 0
        return self._steps_in_a_row[channel] >= READINGS_IN_A_ROW
