"""The meter seam."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.outlets.relays import Relays


class Meter(Protocol):
    """Measures outlets and holds their relays."""

    @property
    def relays(self) -> Relays:
        """What switches the outlets that this meter measures."""

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """Measurements as they come, those of one moment together, until the meter has no more or `stop` is set."""


@runtime_checkable
class CountsErrors(Protocol):
    """A meter that counts what goes wrong, by sort."""

    @property
    def errors(self) -> Mapping[str, int]:
        """So often since it was made."""


@runtime_checkable
class Closable(Protocol):
    """What holds something of the machine that it must let go, as pins."""

    def close(self) -> None:
        """Let go of it."""
