"""One rounding, at the end, half to even."""

from __future__ import annotations

from chalicelib.energy.model import MICROJOULES_PER_KWH, MILLIONTHS, grams, kwh, millionths, money


def test_a_kilowatt_hour_costs_its_price() -> None:
    assert money(MICROJOULES_PER_KWH * millionths(0.30)) == 0.3
    assert grams(MICROJOULES_PER_KWH, 380.0) == 380.0
    assert kwh(MICROJOULES_PER_KWH) == 1.0


def test_half_is_rounded_to_even() -> None:
    hundredth_of_a_cent = MICROJOULES_PER_KWH * MILLIONTHS // 10_000
    assert [money(hundredth_of_a_cent * halves // 2) for halves in (1, 3, 5)] == [0.0, 0.0002, 0.0002]
    assert [kwh(3_600_000 * halves // 2) for halves in (1, 3, 5)] == [0.0, 0.000002, 0.000002]


def test_a_typed_price_is_taken_to_the_millionth() -> None:
    assert [millionths(rate) for rate in (0.30, 0.1 + 0.2, 1_000, 0.0000004)] == [300_000, 300_000, 1_000_000_000, 0]
