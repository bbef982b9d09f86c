"""The bars of the detector on real recordings, and its size and speed; figures: make bench-detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.detection.detector_state import State
from tests.benchmarks.bench_detector import microseconds_a_reading
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


@pytest.mark.timeout(1_200)
def test_told_the_kind_it_saves_nearly_all_from_the_start(recordings: Recordings) -> None:
    found = summary(recordings.run(Factory, kind=True, informed=True))
    assert (found.wrong, found.never) == (0, 0)
    assert found.saved >= 93


def test_a_ports_memory_is_at_most_480_bytes() -> None:
    assert len(State().pack()) <= 480


def test_a_reading_takes_microseconds(recordings: Recordings) -> None:
    assert (
        microseconds_a_reading(recordings) <= 6
    )  # the bar is 2, which make bench-detector shows; test machines are busy
