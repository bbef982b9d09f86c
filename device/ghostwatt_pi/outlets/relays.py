"""The relay seam: what switches an outlet. A meter that has relays implements it (serial line, simulator, replay)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from ghostwatt_pi.schemas import RelayState


class RelayError(Exception):
    """The relay did not do, or did not confirm, what it was told."""


class NoRelays(RelayError):
    """There is nothing here that could switch: the command waits for an agent that can."""


class Relays(Protocol):
    """Outlets, numbered by the meter's channels. An outlet that nobody has switched is on."""

    def switch(self, channel: int, state: RelayState) -> None:
        """Bring the outlet into this state. Raises RelayError."""

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """At the agent's start: the states the outlets had; bring them about as soon as the hardware answers."""


@runtime_checkable
class ReportsRestores(Protocol):
    """Relays that set states again by themselves, and may fail at it later."""

    def failed_restores(self) -> Mapping[int, str]:
        """The outlets that did not take their state of before since this was last asked, and why."""


class SimulatedRelays:
    """Relays made of memory."""

    def __init__(self) -> None:
        self._states: dict[int, RelayState] = {}

    def switch(self, channel: int, state: RelayState) -> None:
        """Done at once."""
        self._states[channel] = state

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Done at once."""
        self._states.update(states)

    def is_on(self, channel: int) -> bool:
        """Whether power flows."""
        return self._states.get(channel, "on") == "on"
