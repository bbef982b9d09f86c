"""What cutting would have saved at most."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import MINUTE_MS
from chalicelib.energy.model import Usage
from chalicelib.energy.savings import PotentialSaving, potential_saving
from chalicelib.energy.tariffs import Prices

SLOT_MS = 5 * MINUTE_MS
STANDBY = 1_000 * SLOT_MS  # one watt
PRICES = Prices(300_000, ZoneInfo("UTC"))


def slots(*shape: str) -> list[Usage]:
    """s: standby, u: in use, o: off, h: standby half of the time, a blank: nothing."""
    made = {
        "s": Usage(0, SLOT_MS, 0, STANDBY, SLOT_MS),
        "u": Usage(0, SLOT_MS, 50 * STANDBY, STANDBY // 2, SLOT_MS),
        "o": Usage(0, SLOT_MS, 0, 0, SLOT_MS),
        "h": Usage(0, SLOT_MS, 0, STANDBY // 2, SLOT_MS // 2),
    }
    return [
        Usage(number * SLOT_MS, SLOT_MS, made[each].in_use_microjoules, made[each].standby_microjoules, covered)
        for number, each in enumerate("".join(shape))
        if each in made
        for covered in [made[each].covered_ms]
    ]


@pytest.mark.parametrize(
    ("shape", "dwell_minutes", "saved_slots", "cuts"),
    [
        ("ssssss", 15, 3, 1),
        ("ssssss", 0, 6, 1),
        ("ssssss", 30, 0, 0),
        ("sssuss", 15, 0, 0),
        ("ssssussss", 15, 2, 2),
        ("ssss ssss", 15, 2, 2),
        ("ssssossss", 15, 2, 2),
        ("sshss", 15, 0, 0),
        ("", 15, 0, 0),
    ],
)
def test_a_stretch_saves_what_lies_beyond_its_dwell(
    shape: str, dwell_minutes: int, saved_slots: int, cuts: int
) -> None:
    found = potential_saving(slots(shape), dwell_minutes * MINUTE_MS, PRICES)
    assert (found.saved_microjoules, found.cuts) == (saved_slots * STANDBY, cuts)
    assert found.saved_cost == found.saved_microjoules * 300_000


def test_a_dwell_that_ends_within_a_slot_takes_its_part_of_it() -> None:
    found = potential_saving(slots("ssss"), 12 * MINUTE_MS, PRICES)
    assert (found.saved_microjoules, found.cuts) == (STANDBY + STANDBY * 3 // 5, 1)


@given(st.text("suoh ", max_size=60), st.integers(0, 120))
def test_no_more_is_saved_than_was_drawn_in_standby_and_a_longer_dwell_saves_less(shape: str, minutes: int) -> None:
    sooner, later = (potential_saving(slots(shape), (minutes + more) * MINUTE_MS, PRICES) for more in (0, 7))
    assert later.saved_microjoules <= sooner.saved_microjoules <= sooner.standby_microjoules
    assert potential_saving([], 0, PRICES) == PotentialSaving()
