"""The gap between standby and use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.detection import histogram


def seen(*spans: tuple[float, int]) -> list[int]:
    minutes = [0] * histogram.BINS
    for watts, lasted in spans:
        histogram.count(minutes, watts, lasted)
    return minutes


def test_the_threshold_lies_in_the_gap_and_near_standby() -> None:
    gap = histogram.find_gap(seen((5.0, 600), (12.0, 60)))
    assert gap is not None
    assert 5.0 < gap.low_watts < gap.threshold_watts < gap.high_watts <= 12.0
    assert gap.threshold_watts <= 1.5 * gap.low_watts


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [(5.7, 3_000)],
        [(0.0, 600), (60.0, 100)],
        [(5.7, 3_000), (7.7, 40)],
        [(24.0, 600), (110.0, 300)],
        [(0.5, 600), (1.5, 300)],
        [(2.0, 600), (90.0, 4)],
    ],
    ids=[
        "nothing",
        "one level",
        "off and use",
        "a wandering load",
        "too much for standby",
        "too little to tell",
        "a blip",
    ],
)
def test_there_is_no_gap_in(spans: list[tuple[float, int]]) -> None:
    assert histogram.find_gap(seen(*spans)) is None


@pytest.mark.parametrize(("use", "standby_minutes"), [(90.0, 5), (15.0, 10)])
def test_a_wide_gap_is_believed_after_half_the_time_of_a_narrow_one(use: float, standby_minutes: int) -> None:
    assert histogram.find_gap(seen((5.0, standby_minutes - 1), (use, 100))) is None
    assert histogram.find_gap(seen((5.0, standby_minutes), (use, 100))) is not None


def test_a_few_minutes_of_switching_do_not_fill_the_gap() -> None:
    assert histogram.find_gap(seen((2.0, 1_000), (8.0, 3), (30.0, 2), (90.0, 200))) is not None


@pytest.mark.parametrize("step_watts", [2.0, 2.1, 2.8, 4.2])
@pytest.mark.parametrize("readings", [5, 6, 12])
def test_what_a_stepping_meter_leaves_out_is_no_gap(step_watts: float, readings: int) -> None:
    shares = range(readings // 4, readings)  # of the readings that show two steps, the others show one
    standby = [(step_watts * (1 + share / readings), 300) for share in shares]
    gap = histogram.find_gap(seen(*standby, (110.0, 200)))
    assert gap is not None
    assert gap.threshold_watts > 2 * step_watts
    assert gap.high_watts > 50


def test_an_old_appliance_is_forgotten() -> None:
    minutes = seen((2.0, 10_000), (90.0, 4_000))
    for _ in range(200):
        histogram.count(minutes, 6.0, 1_000)
    assert histogram.find_gap(minutes) is None
    assert sum(minutes) <= histogram.MEMORY_MINUTES


@given(st.floats(histogram.OFF_WATTS, 3_500))
def test_a_minute_is_counted_between_the_edges_of_its_bin(watts: float) -> None:
    index = histogram.bin_of(watts)
    assert histogram.lower_edge(index) * (1 - 1e-9) <= watts <= histogram.lower_edge(index + 1) * (1 + 1e-9)


@pytest.mark.parametrize(("standby", "use"), [(12.0, 300.0), (16.0, 110.0), (18.0, 80.0)])
def test_standby_of_up_to_twenty_watts_is_seen(standby: float, use: float) -> None:
    gap = histogram.find_gap(seen((standby, 600), (use, 60)))
    assert gap is not None
    assert standby < gap.threshold_watts < use


def test_what_draws_twelve_watts_in_use_and_thirty_when_busy_has_no_gap_there() -> None:
    laptop = seen((12.0, 3_000), (15.0, 1_000), (30.0, 400))
    assert histogram.find_gap(laptop) is None
    assert histogram.find_gap(laptop, max_standby_watts=25.0) is not None  # for a kind that waits at so much


@pytest.mark.parametrize("standby", [3.5, 5.0, 6.0, 9.0, 14.0])
@pytest.mark.parametrize("asleep", [0.5, 1.0, 2.0])
def test_a_level_that_is_seldom_held_does_not_make_standby_use(asleep: float, standby: float) -> None:
    gap = histogram.find_gap(seen((asleep, 20), (standby, 5_000), (80.0, 1_000)))
    assert gap is not None
    assert gap.threshold_watts > standby


def test_a_level_with_its_share_of_the_time_is_standby_and_the_next_is_use() -> None:
    gap = histogram.find_gap(seen((1.0, 600), (6.0, 5_000), (80.0, 1_000)))
    assert gap is not None
    assert 1.0 < gap.threshold_watts < 6.0


def test_where_there_is_no_other_gap_the_lowest_counts_however_seldom() -> None:
    radio = histogram.find_gap(seen((1.0, 20), (5.0, 5_000)))
    assert radio is not None
    assert radio.threshold_watts < 5.0


def test_the_threshold_does_not_jump_to_and_fro_where_the_share_wanders_around_its_limit() -> None:
    minutes = seen((1.0, 200), (6.0, 4_900), (80.0, 1_000))
    fresh, held = histogram.find_gap(minutes), histogram.find_gap(minutes, held_watts=3.0)
    assert fresh is not None
    assert held is not None
    assert held.threshold_watts < 6.0 < fresh.threshold_watts
