"""The thread that measures: every measurement goes into the spool first, then to those who watch for something."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ghostwatt_pi.agent.watts_steps import WattsSteps
from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets.outlets import Outlets

TELL_DROPPED_EVERY = 10_000
"""A full spool drops with every measurement; a line for each would fill the journal."""


class Sampler:
    """Measures until the meter ends or `stop` is set; sets `wake` when there is reason to upload.

    `proof` is set by the measurement that proves a switch, `step` by one whose watts have changed, `ended` when the
    meter has no more; `failure` is what made the meter or the spool fail for good.
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
    ) -> None:
        self.measured = 0
        self._is_implausible = False
        self.steps = WattsSteps(step_watts)
        self.wake, self.ended = wake, threading.Event()
        self.proof, self.step = threading.Event(), threading.Event()
        self.failure: Exception | None = None
        self._meter, self._buffer, self._outlets, self._log, self._stop = meter, buffer, outlets, log, stop
        self._untold_drops = TELL_DROPPED_EVERY - 1  # the first is told at once
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def join(self) -> None:
        """Wait until it has ended. Raises what made it fail."""
        self._thread.join()
        if self.failure:
            raise self.failure

    def has_full_batch(self) -> bool:
        """Whether as many live readings wait as one batch holds."""
        return self._buffer.live(self._outlets.port_ids) >= MAX_BATCH_READINGS

    def uploading(self) -> None:
        """All that is measured by now is about to be sent."""
        self.proof.clear()
        self.step.clear()
        self.steps.told()

    def _run(self) -> None:
        try:
            for measurements in self._meter.measurements(self._stop):
                self._take(measurements)
            self.ended.set()
        except Exception as error:  # noqa: BLE001 - whatever it is: `join` raises it in the main thread, and the process ends
            self.failure = error
            self._stop.set()
        self.wake.set()

    def _take(self, measurements: Sequence[Measurement]) -> None:
        measurements = self._plausible(measurements)
        self._count_dropped(self._buffer.add(measurements))
        self.measured += len(measurements)
        if self._outlets.notice(measurements):
            self.proof.set()
        if self.steps.notice(measurements):
            self.step.set()
        if self.proof.is_set() or self.step.is_set() or self.has_full_batch():
            self.wake.set()

    def _plausible(self, measurements: Sequence[Measurement]) -> Sequence[Measurement]:
        """Without those that the cloud could never store: told once an episode."""
        good = [measurement for measurement in measurements if measurement.is_plausible()]
        if len(good) == len(measurements):
            self._is_implausible = False
        elif not self._is_implausible:
            self._is_implausible = True
            bad = next(measurement for measurement in measurements if not measurement.is_plausible())
            values = f"{bad.voltage} V, {bad.current} A, {bad.power} W"
            self._log("warning", text=f"the meter gives what no outlet has, and it is left out: {values}")
        return good

    def _count_dropped(self, dropped: int) -> None:
        self._untold_drops += dropped
        if dropped and self._untold_drops >= TELL_DROPPED_EVERY:
            self._log("dropped", readings=dropped, total=self._buffer.dropped())
            self._untold_drops = 0
