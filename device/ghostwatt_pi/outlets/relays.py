"""The interface of what switches outlets. A meter with relays implements it: serial line, simulator, replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from ghostwatt_pi.schemas import RelayState


class RelayError(Exception):
    """The relay did not carry out, or did not confirm, a command."""


class NoRelays(RelayError):
    """Nothing here can switch: the command waits for an agent that can."""


class Relays(Protocol):
    """Switches outlets, numbered by the meter's channels. An outlet that nobody has switched is on."""

    def switch(self, channel: int, state: RelayState) -> None:
        """Switch the outlet. Raises RelayError."""

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Set the states that the outlets had before the agent started, as soon as the hardware answers."""


@runtime_checkable
class ReportsRestores(Protocol):
    """Relays that set states again by themselves, and may fail at it later."""

    def failed_restores(self) -> Mapping[int, str]:
        """The outlets whose restore has failed since the last call, each with the error."""


class SimulatedRelays:
    """Relays that exist only in memory."""

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
