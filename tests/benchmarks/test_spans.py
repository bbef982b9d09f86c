"""The bench of the dead band counts what it says; on the recordings themselves it is `make bench-spans`."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_spans import outcome


def test_a_steady_outlet_sends_a_twelfth_with_the_same_energy() -> None:
    steady = outcome("steady", [(5 * number, 2.1) for number in range(1201)])
    assert (steady.measured, steady.sent) == (1201, 101)
    assert steady.energy_error == 0
    assert steady.sent_bytes < steady.measured_bytes / 9


def test_the_energy_of_a_day_with_use_and_flicker_is_that_of_all_readings() -> None:
    samples = [
        (5 * number, 90.0 + number % 7 if number // 720 % 3 == 0 else (2.1, 4.2)[number % 5 == 0])
        for number in range(17_280)
    ]
    day = outcome("a day", samples)
    assert abs(day.energy_error) < 0.002
    assert day.days == pytest.approx(1, abs=0.001)


def test_a_recording_with_gaps_has_the_energy_of_its_measured_time() -> None:
    samples = [(5 * number, 60.0) for number in (*range(100), *range(1_000, 1_100))]
    gaps = outcome("gaps", samples)
    assert gaps.measured_microjoules == gaps.sent_microjoules == round(60 * 2 * 99 * 5 * 1e6)
