"""The bars of the detector on real recordings, told nothing, and its size; figures: make bench-detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.detection.detector_state import State
from tests.benchmarks.recordings import DEFAULT_PLACE, Recordings, summary
from tests.benchmarks.trace_detector import Factory

PLACE = Path(__file__).resolve().parents[2] / DEFAULT_PLACE


@pytest.fixture(scope="module")
def recordings() -> Recordings:
    if not (PLACE / "score.py").exists():
        pytest.skip(f"the recordings are not at {PLACE}")
    return Recordings(PLACE)


@pytest.mark.timeout(1_200)
def test_told_nothing_it_saves_most_and_cuts_nothing_in_use(recordings: Recordings) -> None:
    found = summary(recordings.run(Factory))
    assert found.wrong == 0
    assert found.never_per_day <= 0.05
    assert found.saved >= 85
    assert found.macro >= 80


def test_a_ports_memory_is_at_most_480_bytes() -> None:
    assert len(State().pack()) <= 480
