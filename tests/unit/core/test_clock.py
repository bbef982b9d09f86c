from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.clock import BELIEVED_AFTER_MS, BOOTING_MS, TOLERANCE_MS, SteadyClock

START_MS = 1_800_000_000_000
UP_MS = 3_600_000
YEAR_MS = 365 * 86_400_000


class Watch:
    """Both clocks of a machine, which a test moves, and a steady clock that reads them."""

    def __init__(self, up_ms: int = UP_MS) -> None:
        self.true_ms, self.up_ms, self.off_ms = START_MS, up_ms, 0
        self.clock = SteadyClock(START_MS, up_ms)

    def pass_ms(self, ms: int) -> None:
        self.true_ms += ms
        self.up_ms += ms

    def error_ms(self) -> int:
        """How far the clock is from the true time."""
        self.clock, now_ms = self.clock.read(self.true_ms + self.off_ms, self.up_ms)
        return now_ms - self.true_ms

    def witness(self, off_ms: int = 0) -> None:
        """A device calls whose clock is off by so much."""
        self.clock = self.clock.witnessed(self.true_ms + off_ms, self.up_ms)


@pytest.mark.parametrize("jump_ms", [YEAR_MS, -YEAR_MS, 3_600_000, TOLERANCE_MS + 1, -TOLERANCE_MS - 1])
def test_a_jump_for_a_moment_changes_nothing(jump_ms: int) -> None:
    watch = Watch()
    watch.pass_ms(60_000)
    watch.off_ms = jump_ms
    for _ in range(10):
        watch.pass_ms(1_000)
        assert watch.error_ms() == 0
        watch.witness()
    watch.off_ms = 0
    assert watch.error_ms() == 0
    assert watch.clock.jumped_ms == 0


def test_a_small_correction_is_believed_at_once_and_a_slow_drift_followed() -> None:
    watch = Watch()
    for _ in range(100):
        watch.pass_ms(60_000)
        watch.off_ms += TOLERANCE_MS
        assert watch.error_ms() == watch.off_ms


def test_a_jump_that_lasts_was_a_correction() -> None:
    watch = Watch()
    watch.off_ms = YEAR_MS
    assert watch.error_ms() == 0
    watch.pass_ms(BELIEVED_AFTER_MS - 1)
    assert watch.error_ms() == 0
    watch.pass_ms(1)
    assert watch.error_ms() == YEAR_MS


def test_a_clock_that_jumps_about_is_not_believed() -> None:
    watch = Watch()
    for number in range(1, 40):
        watch.off_ms = number * 3_600_000
        watch.pass_ms(BELIEVED_AFTER_MS // 2)
        assert watch.error_ms() == 0


def test_a_machine_that_starts_believes_its_clock_when_that_is_set() -> None:
    watch = Watch(up_ms=20_000)
    watch.pass_ms(10_000)
    watch.off_ms = YEAR_MS
    assert watch.error_ms() == YEAR_MS
    watch.pass_ms(BOOTING_MS)
    watch.off_ms = 0
    assert watch.error_ms() == YEAR_MS


def test_a_device_with_the_same_time_makes_a_jump_believed() -> None:
    watch = Watch()
    watch.off_ms = 7_200_000  # it stood still for two hours
    assert watch.error_ms() == 0
    watch.witness(off_ms=0)
    assert watch.error_ms() == 0
    watch.witness(off_ms=7_200_000 + TOLERANCE_MS)
    assert watch.error_ms() == 7_200_000
    watch.pass_ms(1_000)
    assert watch.error_ms() == 7_200_000


def test_a_device_moves_no_clock_that_has_not_jumped() -> None:
    watch = Watch()
    watch.witness(off_ms=YEAR_MS)
    assert watch.error_ms() == 0


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-YEAR_MS, YEAR_MS)), max_size=30))
def test_time_is_always_one_of_the_two_clocks(steps: list[tuple[int, int]]) -> None:
    clock, wall_ms, up_ms = SteadyClock(START_MS, UP_MS), START_MS, UP_MS
    for passed_ms, jump_ms in steps:
        wall_ms, up_ms = wall_ms + passed_ms + jump_ms, up_ms + passed_ms
        expected_ms = clock.wall_ms + up_ms - clock.monotonic_ms
        clock, now_ms = clock.read(wall_ms, up_ms)
        assert now_ms in (wall_ms, expected_ms)
        assert clock.read(wall_ms, up_ms)[1] == now_ms
