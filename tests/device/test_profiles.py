from __future__ import annotations

import pytest
from ghostwatt_pi.meters.profiles import PROFILES, WASHING_MACHINE

DAY_SECONDS = 24 * 3600


def day_kwh(name: str) -> float:
    step = 10
    return sum(PROFILES[name].watts(second) * step for second in range(0, DAY_SECONDS, step)) / 3.6e6


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
