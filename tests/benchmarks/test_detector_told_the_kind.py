"""The bar of the detector on real recordings, told the kind. A file of its own: two workers share the replays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.recordings import DEFAULT_PLACE, Recordings, summary
from tests.benchmarks.trace_detector import Factory

PLACE = Path(__file__).resolve().parents[2] / DEFAULT_PLACE


@pytest.mark.timeout(1_200)
def test_told_the_kind_it_saves_nearly_all_from_the_start() -> None:
    if not (PLACE / "score.py").exists():
        pytest.skip(f"the recordings are not at {PLACE}")
    found = summary(Recordings(PLACE).run(Factory, kind=True, informed=True))
    assert (found.wrong, found.never) == (0, 0)
    assert found.saved >= 93
