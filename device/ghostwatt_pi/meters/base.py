"""The interface of a meter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.outlets.relays import Relays


class Meter(Protocol):
    """Measures outlets and holds their relays.

    A meter says with each measurement what the time since the one before is worth. Two polled measurements of the same
    watts confirm each other when they are close. One that `reports_changes` confirms all the time before it. One that
    comes `after_gap` confirms nothing before it: set that after an error, a lost connection or a restart.
    """

    @property
    def relays(self) -> Relays:
        """The relays of the outlets that this meter measures."""

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """Yield measurements as they come, those of one moment together, until the meter ends or `stop` is set."""


@runtime_checkable
class CountsErrors(Protocol):
    """A meter that counts its errors."""

    @property
    def errors(self) -> Mapping[str, int]:
        """Errors by sort, since the meter was made."""


@runtime_checkable
class ReadsOnDemand(Protocol):
    """A meter that can be asked. One that is slower than ten seconds is asked before an automatic cut."""

    def read_now(self, channel: int, /) -> Measurement | None:
        """Measure an outlet at once, from any thread; None when it does not answer."""


@runtime_checkable
class Closable(Protocol):
    """A meter, or relays, that hold something of the machine, such as pins."""

    def close(self) -> None:
        """Release it."""


class MeterWithRelays:
    """Measures with one meter and switches with other relays, such as the Pi's own pins."""

    def __init__(self, meter: Meter, relays: Relays) -> None:
        self.relays = relays
        self._meter = meter

    @property
    def errors(self) -> Mapping[str, int]:
        """The meter's errors, if it counts them."""
        return self._meter.errors if isinstance(self._meter, CountsErrors) else {}

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """Yield the meter's measurements."""
        return self._meter.measurements(stop)

    def close(self) -> None:
        """Release the relays."""
        if isinstance(self.relays, Closable):
            self.relays.close()
