"""Relays on the Pi's own pins.

While the agent does not run, the pins are inputs and no relay is energised. With `cuts_when_energised` the outlet is
wired to the relay's NC contact, so that it has power then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from gpiozero import GPIOZeroError, OutputDevice
from gpiozero.pins import Factory

from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState


class GpioRelays:
    """Switches outlets through GPIO pins.

    Args:
        pins: The GPIO (BCM) numbers of channel 1, 2 and so on.
        active_low: A pin at LOW energises its relay, as with most relay modules.
        cuts_when_energised: An energised relay cuts the power.
        factory: Makes pins; for tests.
    """

    def __init__(
        self,
        pins: Sequence[int],
        *,
        active_low: bool = True,
        cuts_when_energised: bool = True,
        factory: Factory | None = None,
    ) -> None:
        self._pins, self._active_low, self._cuts_when_energised = pins, active_low, cuts_when_energised
        self._factory = factory
        self._relays: dict[int, OutputDevice] = {}
        self._lock = threading.Lock()  # outlets are switched from threads of their own

    def switch(self, channel: int, state: RelayState) -> None:
        """Drive the pin, and check that it follows. Raises RelayError."""
        if not 1 <= channel <= len(self._pins):
            raise RelayError(f"channel {channel} has no pin in gpio_pins")
        energised = self._is_energised(state)
        with self._lock, _as_relay_error():
            relay = self._relays.get(channel)
            if relay is None:  # made with its state, so that it never passes through the other
                relay = self._relays[channel] = self._open(channel, energised=energised)
            relay.value = energised
            if bool(relay.value) != energised:
                raise RelayError(f"GPIO {self._pins[channel - 1]} does not follow")

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Set all pins; an outlet that nobody has switched is on. Raises RelayError."""
        for channel in range(1, len(self._pins) + 1):
            self.switch(channel, states.get(channel, "on"))

    def close(self) -> None:
        """Release the pins."""
        for relay in self._relays.values():
            relay.close()
        self._relays.clear()

    def _open(self, channel: int, *, energised: bool) -> OutputDevice:
        return OutputDevice(
            self._pins[channel - 1],
            active_high=not self._active_low,
            initial_value=energised,
            pin_factory=self._factory,
        )

    def _is_energised(self, state: RelayState) -> bool:
        return (state == "off") == self._cuts_when_energised


@contextmanager
def _as_relay_error() -> Iterator[None]:
    """Turn the library's errors into RelayError."""
    try:
        yield
    except (GPIOZeroError, OSError) as error:
        raise RelayError(f"the pin cannot be used: {error}") from error
