"""Energy of real recordings: what the slots add up to is the recording's own integral."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from chalicelib.core.times import DAY_MS
from chalicelib.energy.model import watt_hours
from chalicelib.energy.slots import GAP_MS, slots
from chalicelib.readings.model import Columns
from tests.benchmarks.recordings import DEFAULT_PLACE, Recordings

PLACE = Path(__file__).resolve().parents[2] / DEFAULT_PLACE
START_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def recordings() -> Recordings:
    if not (PLACE / "score.py").exists():
        pytest.skip(f"the recordings are not at {PLACE}")
    return Recordings(PLACE)


def integral(times: Sequence[int], watts: Sequence[float]) -> float:
    """Watt-hours by trapezoid over neighbours at most two minutes apart, in floating point."""
    pairs = pairwise(zip(times, watts, strict=True))
    return sum((b[1] + a[1]) / 2 * (b[0] - a[0]) for a, b in pairs if (b[0] - a[0]) * 1_000 <= GAP_MS) / 3_600


def test_the_slots_of_each_recording_add_up_to_its_own_integral(recordings: Recordings) -> None:
    assert recordings.metas
    for meta in recordings.metas:
        times, watts = zip(*recordings.score.read_trace(meta["split"], meta["trace"])[0], strict=True)
        none: list[int | None] = [None] * len(times)
        columns = Columns(
            [START_MS + 1_000 * at for at in times], [round(1_000 * power) for power in watts], none, none
        )
        found = slots(columns, None, 0, columns.times_ms[-1] + DAY_MS)
        energy = watt_hours(sum(slot.microjoules for slot in found))
        assert energy == pytest.approx(integral(times, watts), rel=0.005), meta["trace"]
