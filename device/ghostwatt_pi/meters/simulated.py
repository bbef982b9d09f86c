"""Simulated appliances on simulated outlets: power over the day, and outlets that really lose their power."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ghostwatt_pi.measurement import MAX_WATTS, Measurement, now_ms
from ghostwatt_pi.outlets.relays import SimulatedRelays

MAINS_VOLTS, MAINS_DEVIATION_VOLTS = 230.0, 1.5
NOISE = 0.015
"""The standard deviation of an appliance's power, as a part of it."""

Span = tuple[float, float]
MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A constant power for some time."""

    watts: float
    seconds: float


@dataclass(frozen=True)
class Profile:
    """A timeline of power that repeats."""

    stretches: Sequence[Stretch]

    @property
    def cycle_seconds(self) -> float:
        """The duration of the timeline."""
        return sum(stretch.seconds for stretch in self.stretches)

    def watts(self, at_seconds: float) -> float:
        """Return the power at a moment of the appliance's own time, without noise."""
        left = at_seconds % self.cycle_seconds
        for stretch in self.stretches:
            if left < stretch.seconds:
                return stretch.watts
            left -= stretch.seconds
        return self.stretches[-1].watts  # rounding at the very end of the cycle


class Appliance(Protocol):
    """A load that draws power."""

    def draw(self, at_seconds: float, /) -> tuple[float, float]:
        """Return (volts, watts) at a moment of the appliance's own time."""


class ProfiledAppliance:
    """Draws the power of its profile, with noise."""

    def __init__(self, profile: Profile, noise: random.Random) -> None:
        self._profile, self._noise = profile, noise

    def draw(self, at_seconds: float, /) -> tuple[float, float]:
        """Return (volts, watts) at a moment of the appliance's own time."""
        watts = self._profile.watts(at_seconds) * max(0.0, self._noise.gauss(1.0, NOISE))
        return self._noise.gauss(MAINS_VOLTS, MAINS_DEVIATION_VOLTS), watts


class RandomAppliance:
    """Draws random power: volts and amps between bounds."""

    def __init__(self, volts: Span, amps: Span, noise: random.Random) -> None:
        self._volts, self._amps, self._noise = volts, amps, noise

    def draw(self, _at_seconds: float, /) -> tuple[float, float]:
        """Return (volts, watts), with the same spread at any moment."""
        volts = self._noise.uniform(*self._volts)
        return volts, min(MAX_WATTS, volts * self._noise.uniform(*self._amps))


class Simulator:
    """A meter of simulated appliances. Time stamps are wall time; an appliance's own time goes on while it is off.

    Args:
        appliances: Those of channel 1, 2 and so on.
        interval_seconds: The time between measurements.
        speed: Seconds of appliance time in a second of wall time.
    """

    def __init__(self, appliances: Sequence[Appliance], interval_seconds: float, speed: float = 1.0) -> None:
        self.relays = SimulatedRelays()
        self._appliances, self._interval_seconds, self._speed = appliances, interval_seconds, speed
        self._started = time.monotonic()

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        """Yield a measurement of every outlet, each interval."""
        self._started = due = time.monotonic()
        while not stop.is_set():
            yield self._measure((time.monotonic() - self._started) * self._speed)
            due = max(due + self._interval_seconds, time.monotonic())
            stop.wait(due - time.monotonic())

    def read_now(self, channel: int) -> Measurement | None:
        """Measure one outlet at once."""
        measured = self._measure((time.monotonic() - self._started) * self._speed)
        return next((measurement for measurement in measured if measurement.channel == channel), None)

    def _measure(self, at_seconds: float) -> list[Measurement]:
        timestamp_ms = now_ms()
        measured = []
        for channel, appliance in enumerate(self._appliances, start=1):
            volts, watts = appliance.draw(at_seconds)
            watts = watts if self.relays.is_on(channel) else 0.0
            amps = watts / volts if volts else 0.0
            measured.append(Measurement(channel, timestamp_ms, round(volts, 1), round(amps, 4), round(watts, 2)))
        return measured


def _in_use_and_standby(in_use_watts: float, standby_watts: float, *minutes: float) -> Profile:
    """Make a profile of alternating minutes in use and in standby."""
    watts = (in_use_watts, standby_watts)
    return Profile([Stretch(watts[index % 2], duration * MINUTE) for index, duration in enumerate(minutes)])


_WASH_AND_PAUSE = [Stretch(120.0, 6 * MINUTE), Stretch(3.5, 2 * MINUTE)]
"""The drum turns, then the clothes soak: a pause that looks like standby, inside the programme."""

WASHING_MACHINE = Profile(
    [
        Stretch(2000.0, 14 * MINUTE),
        *_WASH_AND_PAUSE * 3,
        Stretch(2000.0, 6 * MINUTE),
        *_WASH_AND_PAUSE * 2,
        Stretch(400.0, 4 * MINUTE),
        Stretch(4.6, 3 * MINUTE),
        Stretch(120.0, 8 * MINUTE),
        Stretch(2.4, 2 * MINUTE),
        Stretch(400.0, 9 * MINUTE),
        Stretch(1.6, 22 * HOUR + 34 * MINUTE),
    ]
)

PROFILES = {
    "television": _in_use_and_standby(90.0, 2.8, 30, 90, 180, 1140),
    "console": _in_use_and_standby(120.0, 8.0, 45, 240, 120, 1035),
    "washing-machine": WASHING_MACHINE,
    "fridge": Profile([Stretch(85.0, 12 * MINUTE), Stretch(1.1, 18 * MINUTE)]),
    "router": Profile([Stretch(9.0, HOUR)]),
}
"""Profiles by their name on the command line. Watts and durations are typical values from data sheets of appliances and
public recordings of plug meters."""
