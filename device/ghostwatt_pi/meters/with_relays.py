"""A meter whose outlets something else switches, as the Pi's own pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Closable, CountsErrors, Meter
from ghostwatt_pi.outlets.relays import Relays


class MeterWithRelays:
    """Measures with one thing and switches with another."""

    def __init__(self, meter: Meter, relays: Relays) -> None:
        self.relays = relays
        self._meter = meter

    @property
    def errors(self) -> Mapping[str, int]:
        """The meter's, if it counts them."""
        return self._meter.errors if isinstance(self._meter, CountsErrors) else {}

    def measurements(self, stop: Event, /) -> Iterator[list[Measurement]]:
        """The meter's."""
        return self._meter.measurements(stop)

    def close(self) -> None:
        """Let go of what switches."""
        if isinstance(self.relays, Closable):
            self.relays.close()
