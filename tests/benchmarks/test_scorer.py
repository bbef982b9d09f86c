"""The benchmark's scorer and its meters, on recordings of a few minutes."""

from __future__ import annotations

from functools import partial

import pytest

from tests.benchmarks.paces import every, on_change
from tests.benchmarks.scorer import Label, Recording, score, summed

READINGS = [(at, 90.0 if at < 600 or at >= 3_600 else 6.0) for at in range(0, 4_200, 5)]
LABELS = [Label(0, 600, "on"), Label(600, 3_600, "standby"), Label(3_600, 4_200, "on")]


class CutAt:
    """Cuts at these seconds, and keeps what it was told."""

    def __init__(self, cuts: list[int], _meta: object) -> None:
        self.cuts, self.restores = cuts, list[tuple[float, str]]()

    def step(self, t_seconds: float, _power_w: float, _held_seconds: float = 0) -> bool:
        return t_seconds in self.cuts

    def restored(self, t_seconds: float, reason: str) -> None:
        self.restores.append((t_seconds, reason))


@pytest.mark.parametrize(
    ("never", "cuts", "saved_share", "wrong", "never_cuts"),
    [
        (False, [900], 1.0, 0, 0),
        (False, [2_250], 0.5, 0, 0),
        (False, [300, 400, 900], 1.0, 1, 0),
        (False, [10], 0.0, 0, 0),
        (True, [900], 0.0, 0, 1),
    ],
    ids=["as the oracle", "half of it", "in use, twice within an hour", "as use begins", "must keep its power"],
)
def test_cuts_are_scored(never: bool, cuts: list[int], saved_share: float, wrong: int, never_cuts: int) -> None:
    recording = Recording(READINGS, LABELS, never=never)
    found = score("made up", recording, partial(every, 5), partial(CutAt, cuts), {}, 0)
    assert found.saved_wh == pytest.approx(saved_share * 6.0 * 2_700 / 3_600, abs=0.02)
    assert (found.wrong, found.never_cuts) == (wrong, never_cuts)
    assert summed([found]).wrong == wrong


def test_a_span_ends_where_the_power_changes_and_the_new_value_follows() -> None:
    reports = list(on_change(300, READINGS))
    around = [report for report in reports if 590 <= report[0] <= 605]
    assert around == [(595, 90.0, 295), (600, 6.0, 0)]
    assert max(held for _, _, held in reports) == 300
    covered = sum(held for _, _, held in reports)
    assert covered == 4_195 - 2 * 5 - 295  # but for five seconds at each change, and the span that goes on at the end
