from __future__ import annotations

from dataclasses import replace

import pytest
from ghostwatt_pi.local import metrics
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.measurement import GAP_MS, Measurement
from ghostwatt_pi.meters.silence import SILENT_SECONDS, SilenceMonitor

from .conftest import RecordedLog


class Room:
    """A meter that is watched, second by second."""

    def __init__(self) -> None:
        self.log = RecordedLog()
        self.monitor = SilenceMonitor(self.log)
        self.now = 0.0

    def passes(self, seconds: int, *speaking: int, expected: tuple[int, ...] = (), is_lost: bool = False) -> None:
        for _ in range(seconds):
            self.now += 1
            self.monitor.measured([Measurement(channel, 1, 230.0, 0.1, 5.0) for channel in speaking], self.now)
            self.monitor.turn(expected, is_lost=is_lost, now=self.now)

    @property
    def said(self) -> list[tuple[str, object]]:
        return [(event, fields["channel"]) for event, fields in self.log]


def test_one_outlet_of_four_is_told_once_and_again_when_it_speaks() -> None:
    room = Room()
    room.passes(10, 1, 2, 3, 4)
    room.passes(600, 1, 2, 4)
    assert room.said == [("meter_silent", 3)]
    assert (room.monitor.silent, room.monitor.is_meter_silent) == ((3,), False)
    room.passes(1, 1, 2, 3, 4)
    assert room.said == [("meter_silent", 3), ("meter_speaks", 3)]
    assert room.monitor.silent == ()


def test_a_meter_that_stops_wholly_is_told_as_one() -> None:
    room = Room()
    room.passes(10, 1, 2)
    room.passes(600)
    room.passes(2, 1, 2)
    assert room.said == [("meter_silent", None), ("meter_speaks", None)]


def test_a_meter_that_never_spoke_is_told(log: RecordedLog) -> None:
    room = Room()
    room.passes(int(SILENT_SECONDS) - 1)
    assert room.said == []
    room.passes(10)
    assert room.said == [("meter_silent", None)]
    assert room.monitor.is_meter_silent


def test_an_outlet_that_has_a_port_and_never_spoke_is_told() -> None:
    room = Room()
    room.passes(100, 1, expected=(1, 2))
    assert room.said == [("meter_silent", 2)]


def test_a_lost_port_is_not_told_a_second_time_but_is_known() -> None:
    room = Room()
    room.passes(10, 1)
    room.passes(100, is_lost=True)
    assert room.said == []
    assert room.monitor.is_meter_silent


@pytest.mark.parametrize("interval", [2, 30, 60, 110])
def test_a_meter_that_is_slow_is_not_called_silent(interval: int) -> None:
    room = Room()
    for _ in range(20):
        room.passes(1, 1)
        room.passes(interval - 1)
    assert [event for event, _ in room.said if event == "meter_silent"][1:] == []


def test_a_meter_whose_readings_are_gaps_apart_is_called_slow_but_not_silent() -> None:
    room = Room()
    for _ in range(6):
        room.passes(1, 1, 2)
        for _ in range(29):
            room.passes(10, 2)
    assert room.monitor.slow() == {1: 291}
    assert [event for event, channel in room.said if channel == 1] == ["meter_silent", "meter_speaks"]  # at first
    room.passes(60, 1, 2)
    assert room.monitor.slow() == {}


def test_one_outage_makes_no_slow_meter() -> None:
    room = Room()
    for seconds in (2, 2, 500, 2, 500, 2):
        room.passes(1, 1)
        room.passes(seconds)
    assert room.monitor.slow() == {}


def test_a_meter_that_reports_changes_may_be_silent_for_a_quarter_of_an_hour() -> None:
    room = Room()
    report = replace(Measurement(1, 1, None, None, 5.0), reports_changes=True)
    for _ in range(4):
        room.monitor.measured([report], room.now)
        room.passes(899)
    assert (room.said, room.monitor.slow()) == ([], {})
    room.passes(1)
    assert room.said == [("meter_silent", None)]


def test_values_that_a_meter_does_not_measure_are_no_metrics() -> None:
    outlet = OutletSnapshot(1, "on", None, None, 92.0, 1000, 1.0)
    text = metrics.render(Snapshot(outlets=(outlet,), at_ms=1000), "GW-1")
    assert 'ghostwatt_watts{channel="1"} 92' in text
    assert "ghostwatt_volts{" not in text
    assert "ghostwatt_amperes{" not in text


def test_what_is_older_than_a_gap_is_no_metric() -> None:
    outlet = OutletSnapshot(1, "on", 230.1, 0.4, 92.0, 1000, 1.0)
    fresh = Snapshot(outlets=(outlet,), at_ms=1000 + GAP_MS)
    assert 'ghostwatt_watts{channel="1"} 92' in metrics.render(fresh, "GW-1")
    stale = metrics.render(replace(fresh, at_ms=1001 + GAP_MS), "GW-1")
    for name in ("watts", "volts", "amperes"):
        assert f"ghostwatt_{name}{{" not in stale
    for name in ("relay_on", "joules_total"):
        assert f"ghostwatt_{name}{{" in stale
