from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.local.observer import AgentObserver, with_measurement
from ghostwatt_pi.local.snapshot import OutletSnapshot
from ghostwatt_pi.measurement import GAP_MS, Measurement
from ghostwatt_pi.meters.serial_meter import SerialMeter
from ghostwatt_pi.outlets.relays import RelayError, SimulatedRelays
from ghostwatt_pi.schemas import RelayState
from hypothesis import given
from hypothesis import strategies as st

from .conftest import RecordedLog, ScriptedMeter
from .fake_cloud import FakeCloud


def measurement(at_ms: int, watts: float, channel: int = 1) -> Measurement:
    return Measurement(channel, at_ms, 230.0, 0.4, watts)


class StuckRelays(SimulatedRelays):
    def switch(self, _channel: int, _state: RelayState) -> None:
        raise RelayError("stuck")


def test_what_is_measured_passes_on_and_is_seen() -> None:
    observer, meter = AgentObserver(RecordedLog()), ScriptedMeter()
    meter.say(measurement(1000, 90.0), measurement(1000, 5.0, channel=2))
    meter.end()
    passed = list(observer.observe(meter).measurements(threading.Event()))
    snapshot = observer.snapshot()
    assert passed == [[measurement(1000, 90.0), measurement(1000, 5.0, channel=2)]]
    assert snapshot.measured == 2
    assert [(outlet.channel, outlet.power) for outlet in snapshot.outlets] == [(1, 90.0), (2, 5.0)]


def test_a_relay_is_seen_switched_only_when_it_was() -> None:
    observer, meter = AgentObserver(RecordedLog()), ScriptedMeter()
    watched = observer.observe(meter)
    watched.relays.restore({2: "off"})
    watched.relays.switch(1, "off")
    meter.relays = StuckRelays()
    with pytest.raises(RelayError):
        observer.observe(meter).relays.switch(2, "on")
    assert [(outlet.channel, outlet.state) for outlet in observer.snapshot().outlets] == [(1, "off"), (2, "off")]


def test_what_is_told_is_counted_and_told() -> None:
    log = RecordedLog()
    observer = AgentObserver(log)
    observer.log("uploaded", readings=5, stored=3, duplicate=1)
    observer.log("rejected", readings=1, code="unknown_port")
    observer.log("dropped", readings=7)
    observer.log("call_failed", error="x")
    observer.log("away", error="x")
    observer.log("call_failed", error="x")
    snapshot = observer.snapshot()
    assert snapshot.settled == {"stored": 3, "duplicate": 1, "rejected": 1}
    assert (snapshot.uploads, snapshot.dropped, snapshot.outages, snapshot.calls_failed) == (1, 7, 1, 2)
    assert snapshot.cloud_away
    assert snapshot.last_upload_at_ms is not None
    observer.log("back", seconds=1.0)
    assert not observer.snapshot().cloud_away
    assert [event for event, _ in log if event != "call_failed"] == ["uploaded", "rejected", "dropped", "away", "back"]


def test_a_refused_key_is_a_trouble_but_no_lost_cloud() -> None:
    observer = AgentObserver(RecordedLog())
    assert (observer.snapshot().is_online, observer.snapshot().trouble) == (None, None)
    observer.log("key_refused")
    snapshot = observer.snapshot()
    assert (snapshot.is_online, snapshot.cloud_away, "key" in str(snapshot.trouble)) == (False, False, True)
    observer.log("uploaded", readings=1, stored=1, duplicate=0)
    assert (observer.snapshot().is_online, observer.snapshot().trouble) == (True, None)


@given(st.lists(st.tuples(st.integers(1, 2 * GAP_MS), st.floats(0, 25_000)), max_size=20))
def test_energy_never_falls_and_a_gap_is_never_energy(steps: list[tuple[int, float]]) -> None:
    outlet, at_ms = OutletSnapshot(1), 0
    for passed_ms, watts in steps:
        at_ms += passed_ms
        newer = with_measurement(outlet, measurement(at_ms, watts))
        if passed_ms > GAP_MS:
            assert newer.watt_hours == outlet.watt_hours
        assert newer.watt_hours >= outlet.watt_hours
        outlet = newer


def test_an_hour_of_a_hundred_watts_is_a_hundred_watt_hours() -> None:
    outlet = OutletSnapshot(1)
    for seconds in range(0, 3602, 2):
        outlet = with_measurement(outlet, measurement(seconds * 1000, 100.0))
    assert outlet.watt_hours == pytest.approx(100.0)


def test_a_clock_that_is_set_back_costs_no_energy() -> None:
    outlet = with_measurement(with_measurement(OutletSnapshot(1), measurement(5000, 100.0)), measurement(1000, 100.0))
    assert outlet.watt_hours == 0.0


def test_the_errors_of_the_meter_and_what_waits_are_asked_for_while_there_is_somebody_to_ask(
    tmp_path: Path, cloud: FakeCloud
) -> None:
    observer = AgentObserver(RecordedLog())
    meter = SerialMeter("/dev/null", 9600, RecordedLog())
    observer.observe(meter)
    meter.errors["garbled"] += 3
    buffer = ReadingStore(tmp_path / "spool")
    with HttpClient(cloud.url) as connection, closing(buffer), observer.with_backlog(buffer, connection):
        buffer.add([measurement(1000, 90.0)])
        snapshot = observer.snapshot()
    assert (snapshot.waiting, snapshot.serial_errors) == (1, {"garbled": 3})
    assert snapshot.clock_offset_seconds is not None
    assert observer.snapshot().waiting is None
