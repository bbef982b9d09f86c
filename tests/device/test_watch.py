from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.local.snapshot import OutletSnapshot
from ghostwatt_pi.local.watch import Watch, after
from ghostwatt_pi.measurement import GAP_MS, Measurement
from ghostwatt_pi.meters.serial_port import SerialMeter
from ghostwatt_pi.outlets.relays import RelayError, SimulatedRelays
from ghostwatt_pi.schemas import RelayState
from hypothesis import given
from hypothesis import strategies as st

from .conftest import ScriptedMeter, Told
from .fake_cloud import FakeCloud


def measurement(at_ms: int, watts: float, channel: int = 1) -> Measurement:
    return Measurement(channel, at_ms, 230.0, 0.4, watts)


class StuckRelays(SimulatedRelays):
    def switch(self, _channel: int, _state: RelayState) -> None:
        raise RelayError("stuck")


def test_what_is_measured_passes_on_and_is_seen() -> None:
    watch, meter = Watch(Told()), ScriptedMeter()
    meter.say(measurement(1000, 90.0), measurement(1000, 5.0, channel=2))
    meter.end()
    passed = list(watch.meter(meter).measurements(threading.Event()))
    seen = watch.snapshot()
    assert passed == [[measurement(1000, 90.0), measurement(1000, 5.0, channel=2)]]
    assert seen.measured == 2
    assert [(outlet.channel, outlet.power) for outlet in seen.outlets] == [(1, 90.0), (2, 5.0)]


def test_a_relay_is_seen_switched_only_when_it_was() -> None:
    watch, meter = Watch(Told()), ScriptedMeter()
    watched = watch.meter(meter)
    watched.relays.restore({2: "off"})
    watched.relays.switch(1, "off")
    meter.relays = StuckRelays()
    with pytest.raises(RelayError):
        watch.meter(meter).relays.switch(2, "on")
    assert [(outlet.channel, outlet.state) for outlet in watch.snapshot().outlets] == [(1, "off"), (2, "off")]


def test_what_is_told_is_counted_and_told() -> None:
    told = Told()
    watch = Watch(told)
    watch.log("uploaded", readings=5, stored=3, duplicate=1)
    watch.log("rejected", readings=1, code="unknown_port")
    watch.log("dropped", readings=7)
    watch.log("call_failed", error="x")
    watch.log("away", error="x")
    watch.log("call_failed", error="x")
    seen = watch.snapshot()
    assert seen.settled == {"stored": 3, "duplicate": 1, "rejected": 1}
    assert (seen.uploads, seen.dropped, seen.outages, seen.calls_failed, seen.cloud_away) == (1, 7, 1, 2, True)
    assert seen.last_upload_at_ms is not None
    watch.log("back", seconds=1.0)
    assert not watch.snapshot().cloud_away
    assert [event for event, _ in told if event != "call_failed"] == ["uploaded", "rejected", "dropped", "away", "back"]


def test_a_refused_key_is_a_trouble_but_no_lost_cloud() -> None:
    watch = Watch(Told())
    assert (watch.snapshot().is_online, watch.snapshot().trouble) == (None, None)
    watch.log("key_refused")
    seen = watch.snapshot()
    assert (seen.is_online, seen.cloud_away, "key" in str(seen.trouble)) == (False, False, True)
    watch.log("uploaded", readings=1, stored=1, duplicate=0)
    assert (watch.snapshot().is_online, watch.snapshot().trouble) == (True, None)


@given(st.lists(st.tuples(st.integers(1, 2 * GAP_MS), st.floats(0, 25_000)), max_size=20))
def test_energy_never_falls_and_a_gap_is_never_energy(steps: list[tuple[int, float]]) -> None:
    outlet, at_ms = OutletSnapshot(1), 0
    for passed_ms, watts in steps:
        at_ms += passed_ms
        newer = after(outlet, measurement(at_ms, watts))
        if passed_ms > GAP_MS:
            assert newer.watt_hours == outlet.watt_hours
        assert newer.watt_hours >= outlet.watt_hours
        outlet = newer


def test_an_hour_of_a_hundred_watts_is_a_hundred_watt_hours() -> None:
    outlet = OutletSnapshot(1)
    for seconds in range(0, 3602, 2):
        outlet = after(outlet, measurement(seconds * 1000, 100.0))
    assert outlet.watt_hours == pytest.approx(100.0)


def test_a_clock_that_is_set_back_costs_no_energy() -> None:
    outlet = after(after(OutletSnapshot(1), measurement(5000, 100.0)), measurement(1000, 100.0))
    assert outlet.watt_hours == 0.0


def test_the_errors_of_the_meter_and_what_waits_are_asked_for_while_there_is_somebody_to_ask(
    tmp_path: Path, cloud: FakeCloud
) -> None:
    watch = Watch(Told())
    meter = SerialMeter("/dev/null", 9600, Told())
    watch.meter(meter)
    meter.errors["garbled"] += 3
    buffer = ReadingStore(tmp_path / "spool")
    with HttpClient(cloud.url) as connection, closing(buffer), watch.asking(buffer, connection):
        buffer.add([measurement(1000, 90.0)])
        seen = watch.snapshot()
    assert (seen.waiting, seen.serial_errors) == (1, {"garbled": 3})
    assert seen.clock_offset_seconds is not None
    assert watch.snapshot().waiting is None
