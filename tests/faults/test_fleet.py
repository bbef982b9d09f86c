"""A short run of the fleet; `make test-faults` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.faults.fleet import KILLS, Plan, run


def test_a_fleet_loses_and_doubles_nothing_under_each_kind_of_kill(tmp_path: Path) -> None:
    report = run(Plan(pis=3, seconds=24, kill_seconds=5, upload_seconds=1, dwell_seconds=5), tmp_path)
    assert report.wrong == []
    assert report.stored == report.acknowledged > 0
    assert set(report.kills) == set(KILLS)
    assert report.cuts_confirmed == 2 * 3
