from __future__ import annotations

import random
import threading
from itertools import islice

import pytest
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.meters.simulated import (
    PROFILES,
    WASHING_MACHINE,
    Profile,
    ProfiledAppliance,
    RandomAppliance,
    Simulator,
    Stretch,
)

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
    assert dead.voltage
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


def day_kwh(name: str) -> float:
    step = 10
    return sum(PROFILES[name].watts(second) * step for second in range(0, (24 * 3600), step)) / 3.6e6


@pytest.mark.parametrize(
    ("name", "least_kwh", "most_kwh"),
    [
        ("television", 0.2, 0.6),
        ("console", 0.3, 0.8),
        ("washing-machine", 0.6, 1.2),
        ("fridge", 0.5, 1.2),
        ("router", 0.2, 0.22),
    ],
)
def test_a_days_energy_is_that_of_such_an_appliance(name: str, least_kwh: float, most_kwh: float) -> None:
    assert least_kwh <= day_kwh(name) <= most_kwh


@pytest.mark.parametrize("name", PROFILES)
def test_a_timeline_covers_every_moment_and_repeats(name: str) -> None:
    profile = PROFILES[name]
    assert profile.watts(0) == profile.watts(profile.cycle_seconds) == profile.stretches[0].watts
    assert profile.watts(profile.cycle_seconds - 1) == profile.stretches[-1].watts


def test_a_wash_has_pauses_that_look_like_standby_and_then_goes_on() -> None:
    by_minute = [WASHING_MACHINE.watts(minute * 60) for minute in range(86)]
    pauses = [minute for minute, watts in enumerate(by_minute) if 2 <= watts <= 5]
    assert len(pauses) >= 10
    assert all(max(by_minute[minute:]) >= 120 for minute in pauses)
    assert {120.0, 400.0, 2000.0} <= set(by_minute)
    assert {WASHING_MACHINE.watts(hour * 3600) for hour in range(2, 24)} == {1.6}


@pytest.mark.parametrize(("name", "in_use", "standby"), [("television", 90.0, 2.8), ("console", 120.0, 8.0)])
def test_entertainment_is_in_use_for_a_while_and_in_standby_for_most_of_the_day(
    name: str, in_use: float, standby: float
) -> None:
    watts = [PROFILES[name].watts(minute * 60) for minute in range(24 * 60)]
    assert set(watts) == {in_use, standby}
    assert 60 <= watts.count(in_use) <= 6 * 60
