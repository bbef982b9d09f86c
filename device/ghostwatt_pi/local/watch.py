"""Watches the agent at its seams (what it measures, switches and tells) and sums it up as a Snapshot."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.client import CloudClient
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.local.watched import WatchedMeter
from ghostwatt_pi.measurement import GAP_MS, Measurement, now_ms
from ghostwatt_pi.meters.base import CountsErrors, Meter
from ghostwatt_pi.meters.silence import SilenceMonitor
from ghostwatt_pi.schemas import RelayState

MS_PER_HOUR = 3_600_000
CONNECTION = {
    "uploaded": None,
    "back": None,
    "away": "the cloud cannot be reached",
    "key_refused": "the cloud refuses this device's key",
    "key_lost": "this device's key was damaged",
}
"""The trouble that an event tells of; None where it shows that there is none."""


class Watch:
    """Put `tell` and `meter(...)` in the place of the agent's own; `snapshot` may be called from any thread.

    What can be seen at no seam is asked for while there is somebody to ask: see `asking`.
    """

    def __init__(self, log: EventLog) -> None:
        self._ask: Callable[[Snapshot], Snapshot] = lambda seen: seen
        self._meter: Meter | None = None
        self._log = log
        self.silence = SilenceMonitor(self.log)
        self.is_meter_lost = False
        self._lock = threading.Lock()
        self._seen = Snapshot()
        self._settled: Counter[str] = Counter()
        self._outlets: dict[int, OutletSnapshot] = {}
        self._states: dict[int, RelayState] = {}

    def log(self, event: str, **fields: Any) -> None:
        """Count the event and pass it on."""
        with self._lock:
            self._count(event, fields)
        self._log(event, **fields)

    def meter(self, meter: Meter) -> Meter:
        """The same meter, watched."""
        self._meter = meter
        return WatchedMeter(meter, self.measured, self.switched)

    @contextmanager
    def asking(self, buffer: ReadingStore | Buffer, cloud: CloudClient) -> Iterator[None]:
        """While these are open: how much waits, and how far the clock is off."""

        def ask(seen: Snapshot) -> Snapshot:
            return replace(seen, waiting=buffer.total(), clock_offset_seconds=cloud.clock.correction_ms / 1000)

        with self._lock:
            self._ask = ask
        try:
            yield
        finally:
            with self._lock:
                self._ask = lambda seen: seen

    @property
    def is_cloud_away(self) -> bool:
        """Whether the cloud did not answer when it was last called."""
        return self._seen.cloud_away

    @property
    def relay_states(self) -> Mapping[int, RelayState]:
        """The outlets that were ever switched or had a state to be restored."""
        with self._lock:
            return dict(self._states)

    def measured(self, measurements: list[Measurement]) -> None:
        """These were measured."""
        self.silence.measured(measurements)
        with self._lock:
            self._seen = replace(self._seen, measured=self._seen.measured + len(measurements))
            for measurement in measurements:
                self._outlets[measurement.channel] = after(self._outlet(measurement.channel), measurement)

    def switched(self, channel: int, state: RelayState) -> None:
        """The relay is in this state."""
        with self._lock:
            self._states[channel] = state
            self._outlets[channel] = replace(self._outlet(channel), state=state)

    def snapshot(self) -> Snapshot:
        """All that is known now."""
        with self._lock:
            outlets = tuple(self._outlets[channel] for channel in sorted(self._outlets))
            errors: Mapping[str, int] = dict(self._meter.errors) if isinstance(self._meter, CountsErrors) else {}
            seen = replace(
                self._seen,
                outlets=outlets,
                settled=dict(self._settled),
                serial_errors=errors,
                at_ms=now_ms(),
                silent=self.silence.silent,
                is_meter_silent=self.silence.is_meter_silent,
            )
            return self._ask(seen)

    def _outlet(self, channel: int) -> OutletSnapshot:
        return self._outlets.get(channel, OutletSnapshot(channel))

    def _count(self, event: str, fields: Mapping[str, Any]) -> None:
        if event == "uploaded":
            self._settled.update(stored=fields["stored"], duplicate=fields["duplicate"])
            self._seen = replace(self._seen, uploads=self._seen.uploads + 1, last_upload_at_ms=now_ms())
        elif event == "rejected":
            self._settled["rejected"] += fields["readings"]
        elif event == "dropped":
            self._seen = replace(self._seen, dropped=self._seen.dropped + fields["readings"])
        elif event == "call_failed":
            self._seen = replace(self._seen, calls_failed=self._seen.calls_failed + 1)
        elif event == "away":
            self._seen = replace(self._seen, cloud_away=True, outages=self._seen.outages + 1)
        elif event == "back":
            self._seen = replace(self._seen, cloud_away=False)
        elif event in ("meter_lost", "meter_back"):
            self.is_meter_lost = event == "meter_lost"
        elif event in ("disk_full", "disk_works"):
            self._seen = replace(self._seen, disk=fields["error"] if event == "disk_full" else None)
        if event in CONNECTION:
            trouble = CONNECTION[event]
            self._seen = replace(self._seen, is_online=trouble is None, trouble=trouble)


def after(outlet: OutletSnapshot, measurement: Measurement) -> OutletSnapshot:
    """The outlet with a newer measurement; the energy between two is that of the mean of their powers."""
    watt_hours = outlet.watt_hours
    if outlet.measured_at_ms is not None and outlet.power is not None:
        passed_ms = measurement.timestamp_ms - outlet.measured_at_ms
        if 0 < passed_ms <= GAP_MS:
            watt_hours += (outlet.power + measurement.power) / 2 * passed_ms / MS_PER_HOUR
    return replace(
        outlet,
        voltage=measurement.voltage,
        current=measurement.current,
        power=measurement.power,
        measured_at_ms=measurement.timestamp_ms,
        watt_hours=watt_hours,
    )
