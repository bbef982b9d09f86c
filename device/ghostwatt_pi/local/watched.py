"""A meter, and its relays, that say what they measure and switch to one more listener."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets.relays import Relays, ReportsRestores
from ghostwatt_pi.schemas import RelayState

Measured = Callable[[list[Measurement]], None]
Switched = Callable[[int, RelayState], None]


class WatchedMeter:
    """The meter, whose measurements go to `measured` first, and what its relays do to `switched`."""

    def __init__(self, meter: Meter, measured: Measured, switched: Switched) -> None:
        self.relays = WatchedRelays(meter.relays, switched)
        self._meter, self._measured = meter, measured

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """As the meter's own."""
        for measurements in self._meter.measurements(stop):
            self._measured(measurements)
            yield measurements


class WatchedRelays:
    """The relays, whose states go to `switched`."""

    def __init__(self, relays: Relays, switched: Switched) -> None:
        self._relays, self._switched = relays, switched

    def switch(self, channel: int, state: RelayState) -> None:
        """As the relays' own. Raises RelayError."""
        self._relays.switch(channel, state)
        self._switched(channel, state)

    def failed_restores(self) -> Mapping[int, str]:
        """As the relays' own, if they say it."""
        return self._relays.failed_restores() if isinstance(self._relays, ReportsRestores) else {}

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """As the relays' own."""
        self._relays.restore(states)
        for channel, state in states.items():
            self._switched(channel, state)
