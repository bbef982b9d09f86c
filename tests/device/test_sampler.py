from __future__ import annotations

import pytest
from ghostwatt_pi.agent.sampler import PowerStepDetector
from ghostwatt_pi.measurement import Measurement


def detected(steps: PowerStepDetector, *watts: float, channel: int = 1) -> list[bool]:
    return [steps.detect([Measurement(channel, 0, 230.0, 0.1, each)]) for each in watts]


@pytest.mark.parametrize(
    ("watts", "is_step"),
    [
        ([5, 90, 90], True),
        ([90, 0, 0], True),
        ([5, 90, 5, 90, 5], False),  # spikes
        ([5, 15, 15], False),  # under 20 W
        ([1000, 1100, 1100], False),  # under 30 %
        ([1000, 1500, 1500], True),
        ([90, 90, 90], False),
    ],
)
def test_a_step_is_large_in_watts_and_in_part_and_lasts(watts: list[float], is_step: bool) -> None:
    assert any(detected(PowerStepDetector(), *watts)) is is_step


def test_a_step_that_was_told_is_the_new_level() -> None:
    steps = PowerStepDetector()
    assert detected(steps, 5, 90, 90) == [False, False, True]
    steps.mark_uploaded()
    assert detected(steps, 90, 91, 92) == [False, False, False]
    assert detected(steps, 5, 5) == [False, True]


def test_outlets_are_compared_each_with_itself() -> None:
    steps = PowerStepDetector()
    assert detected(steps, 5, 5, channel=1) + detected(steps, 90, 90, channel=2) == [False] * 4
    assert steps.detect([Measurement(1, 0, 230, 0, 90), Measurement(2, 0, 230, 0, 90)]) is False
    assert steps.detect([Measurement(1, 0, 230, 0, 90), Measurement(2, 0, 230, 0, 90)]) is True
