"""Observes the agent from outside (its measurements, relays and log) and sums it up as a Snapshot."""

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
from ghostwatt_pi.measurement import GAP_MS, Measurement, now_ms
from ghostwatt_pi.meters.base import CountsErrors, Meter, ReadsOnDemand
from ghostwatt_pi.meters.silence import SilenceMonitor
from ghostwatt_pi.outlets.relays import Relays, ReportsRestores
from ghostwatt_pi.schemas import RelayState

MS_PER_HOUR = 3_600_000
CLOUD_TROUBLES = {
    "uploaded": None,
    "back": None,
    "away": "the cloud cannot be reached",
    "key_refused": "the cloud refuses this device's key",
    "key_lost": "this device's key was damaged",
}
"""The trouble with the cloud that an event means; None where it shows that there is none."""

OnMeasured = Callable[[list[Measurement]], None]
OnSwitched = Callable[[int, RelayState], None]


class AgentObserver:
    """Give `log` and `observe(meter)` to the agent in the place of its own; call `snapshot` from any thread.

    Args:
        log: The log that events are passed on to.

    Attributes:
        silence: Notices when readings stop.
        is_meter_lost: Whether the meter's port is gone.
    """

    def __init__(self, log: EventLog) -> None:
        self._complete: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
        self._meter: Meter | None = None
        self._log = log
        self.silence = SilenceMonitor(self.log)
        self.is_meter_lost = False
        self._lock = threading.Lock()
        self._counts = Snapshot()
        self._acknowledged: Counter[str] = Counter()
        self._outlets: dict[int, OutletSnapshot] = {}
        self._states: dict[int, RelayState] = {}

    def log(self, event: str, **fields: Any) -> None:
        """Count an event and pass it on."""
        with self._lock:
            self._count(event, fields)
        self._log(event, **fields)

    def observe(self, meter: Meter) -> Meter:
        """Return the same meter, observed."""
        self._meter = meter
        kind = ObservedReadableMeter if isinstance(meter, ReadsOnDemand) else ObservedMeter
        return kind(meter, self.measured, self.switched)

    @contextmanager
    def with_backlog(self, buffer: ReadingStore | Buffer, cloud: CloudClient) -> Iterator[None]:
        """Inside the `with` block, snapshots have the backlog and the offset of the clock too."""

        def complete(snapshot: Snapshot) -> Snapshot:
            return replace(snapshot, waiting=buffer.total(), clock_offset_seconds=cloud.clock.correction_ms / 1000)

        with self._lock:
            self._complete = complete
        try:
            yield
        finally:
            with self._lock:
                self._complete = lambda snapshot: snapshot

    @property
    def is_cloud_away(self) -> bool:
        """Whether the cloud did not answer its last call."""
        return self._counts.cloud_away

    @property
    def relay_states(self) -> Mapping[int, RelayState]:
        """The state of each outlet that was switched or had a state to be restored."""
        with self._lock:
            return dict(self._states)

    def measured(self, measurements: list[Measurement]) -> None:
        """Note new measurements."""
        self.silence.measured(measurements)
        with self._lock:
            self._counts = replace(self._counts, measured=self._counts.measured + len(measurements))
            for measurement in measurements:
                self._outlets[measurement.channel] = with_measurement(self._outlet(measurement.channel), measurement)

    def switched(self, channel: int, state: RelayState) -> None:
        """Note the state of a relay."""
        with self._lock:
            self._states[channel] = state
            self._outlets[channel] = replace(self._outlet(channel), state=state)

    def snapshot(self) -> Snapshot:
        """Return all that is known now."""
        with self._lock:
            outlets = tuple(self._outlets[channel] for channel in sorted(self._outlets))
            errors: Mapping[str, int] = dict(self._meter.errors) if isinstance(self._meter, CountsErrors) else {}
            snapshot = replace(
                self._counts,
                outlets=outlets,
                settled=dict(self._acknowledged),
                serial_errors=errors,
                at_ms=now_ms(),
                silent=self.silence.silent,
                is_meter_silent=self.silence.is_meter_silent,
                slow=self.silence.slow(),
            )
            return self._complete(snapshot)

    def _outlet(self, channel: int) -> OutletSnapshot:
        return self._outlets.get(channel, OutletSnapshot(channel))

    def _count(self, event: str, fields: Mapping[str, Any]) -> None:
        if event == "uploaded":
            self._acknowledged.update(stored=fields["stored"], duplicate=fields["duplicate"])
            self._counts = replace(self._counts, uploads=self._counts.uploads + 1, last_upload_at_ms=now_ms())
        elif event == "rejected":
            self._acknowledged["rejected"] += fields["readings"]
        elif event == "dropped":
            self._counts = replace(self._counts, dropped=self._counts.dropped + fields["readings"])
        elif event == "call_failed":
            self._counts = replace(self._counts, calls_failed=self._counts.calls_failed + 1)
        elif event == "away":
            self._counts = replace(self._counts, cloud_away=True, outages=self._counts.outages + 1)
        elif event == "back":
            self._counts = replace(self._counts, cloud_away=False)
        elif event in ("meter_lost", "meter_back"):
            self.is_meter_lost = event == "meter_lost"
        elif event in ("disk_full", "disk_works"):
            self._counts = replace(self._counts, disk=fields["error"] if event == "disk_full" else None)
        if event in CLOUD_TROUBLES:
            trouble = CLOUD_TROUBLES[event]
            self._counts = replace(self._counts, is_online=trouble is None, trouble=trouble)


def with_measurement(outlet: OutletSnapshot, measurement: Measurement) -> OutletSnapshot:
    """Return the outlet with a newer measurement; between two measurements the power is taken as their mean."""
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


class ObservedMeter:
    """Passes a meter's measurements to `on_measured` first, and the states of its relays to `on_switched`."""

    def __init__(self, meter: Meter, on_measured: OnMeasured, on_switched: OnSwitched) -> None:
        self.relays = ObservedRelays(meter.relays, on_switched)
        self._meter, self._on_measured = meter, on_measured

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """Yield the meter's measurements."""
        for measurements in self._meter.measurements(stop):
            self._on_measured(measurements)
            yield measurements


class ObservedReadableMeter(ObservedMeter):
    """The same of a meter that can be asked."""

    def read_now(self, channel: int, /) -> Measurement | None:
        """Measure an outlet at once."""
        measurement = self._meter.read_now(channel) if isinstance(self._meter, ReadsOnDemand) else None
        if measurement:
            self._on_measured([measurement])
        return measurement


class ObservedRelays:
    """Passes the states of relays to `on_switched`."""

    def __init__(self, relays: Relays, on_switched: OnSwitched) -> None:
        self._relays, self._on_switched = relays, on_switched

    def switch(self, channel: int, state: RelayState) -> None:
        """Switch the outlet. Raises RelayError."""
        self._relays.switch(channel, state)
        self._on_switched(channel, state)

    def failed_restores(self) -> Mapping[int, str]:
        """The relays' failed restores, if they report them."""
        return self._relays.failed_restores() if isinstance(self._relays, ReportsRestores) else {}

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Set the states."""
        self._relays.restore(states)
        for channel, state in states.items():
            self._on_switched(channel, state)
