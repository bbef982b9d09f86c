"""A simulated Pi: appliances from profiles.py on outlets that really go dead."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from ghostwatt_pi.measurement import MAX_WATTS, Measurement, now_ms
from ghostwatt_pi.meters.profiles import Profile
from ghostwatt_pi.outlets.relays import SimulatedRelays

MAINS_VOLTS, MAINS_DEVIATION_VOLTS = 230.0, 1.5
NOISE = 0.015
"""Standard deviation of an appliance's power, as a part of it."""

Span = tuple[float, float]


class Appliance(Protocol):
    """Something that draws power."""

    def draw(self, at_seconds: float, /) -> tuple[float, float]:
        """(volts, watts) at a moment of the appliance's own time."""


class ProfiledAppliance:
    """Draws what its profile says, with noise."""

    def __init__(self, profile: Profile, noise: random.Random) -> None:
        self._profile, self._noise = profile, noise

    def draw(self, at_seconds: float, /) -> tuple[float, float]:
        """(volts, watts) at a moment of the appliance's own time."""
        watts = self._profile.watts(at_seconds) * max(0.0, self._noise.gauss(1.0, NOISE))
        return self._noise.gauss(MAINS_VOLTS, MAINS_DEVIATION_VOLTS), watts


class RandomAppliance:
    """Draws anything between bounds, as the simulator guide has it."""

    def __init__(self, volts: Span, amps: Span, noise: random.Random) -> None:
        self._volts, self._amps, self._noise = volts, amps, noise

    def draw(self, _at_seconds: float, /) -> tuple[float, float]:
        """(volts, watts), the same spread at any moment."""
        volts = self._noise.uniform(*self._volts)
        return volts, min(MAX_WATTS, volts * self._noise.uniform(*self._amps))


class Simulator:
    """One appliance a channel, from channel 1 on, measured every `interval_seconds` of wall time.

    `speed` is seconds of appliance time in a second of wall time; stamps are wall time. An appliance's time goes on
    while its outlet is off.
    """

    def __init__(self, appliances: Sequence[Appliance], interval_seconds: float, speed: float = 1.0) -> None:
        self.relays = SimulatedRelays()
        self._appliances, self._interval_seconds, self._speed = appliances, interval_seconds, speed

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """A measurement of every outlet, each interval."""
        started = due = time.monotonic()
        while not stop.is_set():
            yield self._measure((time.monotonic() - started) * self._speed)
            due = max(due + self._interval_seconds, time.monotonic())
            stop.wait(due - time.monotonic())

    def _measure(self, at_seconds: float) -> list[Measurement]:
        timestamp_ms = now_ms()
        measured = []
        for channel, appliance in enumerate(self._appliances, start=1):
            volts, watts = appliance.draw(at_seconds)
            watts = watts if self.relays.is_on(channel) else 0.0
            amps = watts / volts if volts else 0.0
            measured.append(Measurement(channel, timestamp_ms, round(volts, 1), round(amps, 4), round(watts, 2)))
        return measured
