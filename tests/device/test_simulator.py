from __future__ import annotations

import random
import threading
from itertools import islice

import pytest
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.meters.profiles import PROFILES, Profile, Stretch
from ghostwatt_pi.meters.simulator import ProfiledAppliance, RandomAppliance, Simulator

BRIEF_USE = Profile([Stretch(100.0, 60.0), Stretch(2.0, 1e6)])


def noise(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - noise is no secret


def fridge(seed: int) -> ProfiledAppliance:
    return ProfiledAppliance(PROFILES["fridge"], noise(seed))


def first_watts(seed: int) -> list[float]:
    moments = Simulator([fridge(seed)], 0.001).measurements(threading.Event())
    return [measurements[0].power for measurements in islice(moments, 5)]


def test_appliances_are_on_channels_in_their_order_and_stamped_with_wall_time() -> None:
    before = now_ms()
    (measurements,) = islice(Simulator([fridge(1), fridge(2)], 1).measurements(threading.Event()), 1)
    assert [m.channel for m in measurements] == [1, 2]
    assert all(before <= m.timestamp_ms <= now_ms() and m.is_plausible() for m in measurements)
    assert measurements[0].power == pytest.approx(85, rel=0.1)


def test_the_same_seed_gives_the_same_noise() -> None:
    assert first_watts(7) == first_watts(7) != first_watts(8)


def test_an_outlet_that_is_off_draws_nothing_while_the_appliances_time_goes_on() -> None:
    simulator = Simulator([ProfiledAppliance(BRIEF_USE, noise(1))], 0.01, speed=10_000)
    moments = simulator.measurements(threading.Event())
    assert next(moments)[0].power > 90
    simulator.relays.switch(1, "off")
    (dead,) = next(moments)
    assert (dead.power, dead.current) == (0.0, 0.0)
    assert dead.voltage > 200
    simulator.relays.switch(1, "on")
    assert next(moments)[0].power == pytest.approx(2.0, rel=0.1)


def test_a_random_appliance_stays_within_its_bounds() -> None:
    appliance = RandomAppliance((220, 240), (0.3, 0.8), noise(1))
    drawn = [appliance.draw(0) for _ in range(200)]
    assert all(220 <= volts <= 240 and 0.3 * volts <= watts <= 0.8 * volts for volts, watts in drawn)
    assert len(set(drawn)) == 200


def test_a_simulator_ends_when_it_is_stopped() -> None:
    stop = threading.Event()
    moments = Simulator([fridge(1)], 3600).measurements(stop)
    next(moments)
    stop.set()
    assert list(moments) == []
