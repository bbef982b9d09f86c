"""Domain events of detection, stored in one transaction with the state that they follow from.

Attributes of all: port is the outlet with its relay as it is stored now, state what is stored of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.detection.model import PhantomEvent
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.ports.model import Port


@dataclass(frozen=True, slots=True)
class OutletEvent:
    """Something that happened at one outlet."""

    port: Port
    state: PortState

    @property
    def owner_id(self) -> str:
        """Whose outlet it is."""
        return self.port.owner_id


@dataclass(frozen=True, slots=True)
class ReadingsTaken(OutletEvent):
    """Newer readings stand in the state of an outlet."""


@dataclass(frozen=True, slots=True)
class PhantomFound(OutletEvent):
    """Standby was found; event says what is done about it."""

    event: PhantomEvent


@dataclass(frozen=True, slots=True)
class PortCut(OutletEvent):
    """The detector cuts an outlet: its relay is to be off."""


@dataclass(frozen=True, slots=True)
class PhantomProgressed(OutletEvent):
    """A phantom event ended, or the watts confirmed or contradicted its cut."""


@dataclass(frozen=True, slots=True)
class OutletSilenceChanged(OutletEvent):
    """The meter of an outlet fell silent, or sends again."""


@dataclass(frozen=True, slots=True)
class HoursTouched:
    """Readings of a device touched hours, whose usage has to be computed.

    Attributes:
        owner_id: Whose device it is.
        ports: All its outlets.
        state: Its state as it is stored now, with the hours.
        at_ms: When that was, epoch ms.
    """

    owner_id: str
    ports: Sequence[Port]
    state: DeviceState
    at_ms: int
