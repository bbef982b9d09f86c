"""Presence of a device: explained, one alert a spell, and never taken from the times of its readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.devices import presence
from chalicelib.devices.presence import mark_silent_devices, record_call, record_silence
from chalicelib.devices.store import load_device
from tests.conftest import Device, Person, now_ms, reading
from tests.integration.devices.test_mqtt import publish
from tests.integration.stream import Deliver


def alerts(person: Person) -> list[str]:
    listed = person.call("GET", "/notification/list").body["notifications"]
    return [entry["kind"] for entry in reversed(listed)]


def shown(person: Person, device: Device) -> dict[str, Any]:
    found: dict[str, Any] = person.call("GET", f"/device/{device.device_id}").body["device"]
    return found


def beat(device: Device, at_ms: int) -> None:
    loaded = load_device(device.device_id)
    assert loaded is not None
    record_call(loaded, at_ms)


def test_liveness_is_explained_in_list_and_device(person: Person) -> None:
    device = person.device()
    assert shown(person, device)["liveness"] == {"state": "never", "reason": "It has not called yet.", "since": None}
    device.call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert (listed["status"], listed["liveness"]["state"]) == ("online", "online")
    assert listed["liveness"]["reason"] == "It called within the last 90 s, and usually calls every 60 s."
    assert listed["liveness"] == shown(person, device)["liveness"]


def test_flapping_is_one_alert_and_hides_the_single_ones(person: Person) -> None:
    device = person.device("Cellar Pi")
    at_ms = now_ms()
    for _ in range(5):
        for _ in range(6):
            beat(device, at_ms)
            at_ms += 60_000
        at_ms += 180_000
        mark_silent_devices(at_ms)
        at_ms += 1_000
    assert alerts(person) == ["device_offline", "device_offline", "device_flapping"]
    mark_silent_devices(at_ms + 30 * 60_000)
    assert alerts(person)[3:] == []
    for hours in (2, 3):
        mark_silent_devices(at_ms + hours * 3_600_000)
    assert alerts(person)[3:] == ["device_offline"], "it has calmed down and is offline still"
    beat(device, at_ms + 4 * 3_600_000)
    assert shown(person, device)["status"] == "online"


def test_two_calls_at_once_are_one_change(person: Person) -> None:
    device = person.device()
    stale = load_device(device.device_id)
    assert stale is not None
    for later_ms in (0, 1):
        record_call(stale, now_ms() + later_ms)
    loaded = load_device(device.device_id)
    assert loaded is not None
    assert len(loaded.presence.changes_ms) == 1


def test_a_call_that_meets_the_sweep_wins(person: Person) -> None:
    device = person.device()
    at_ms = now_ms()
    beat(device, at_ms)
    before_the_sweep = load_device(device.device_id)
    assert before_the_sweep is not None
    mark_silent_devices(at_ms + 151_000)
    record_call(before_the_sweep, at_ms + 151_001)
    assert shown(person, device)["status"] == "online"


def test_a_call_that_leaves_the_index_alone_counts_all_the_same(person: Person) -> None:
    device = person.device()
    at_ms = now_ms()
    for seconds in (0, 60):
        beat(device, at_ms + seconds * 1_000)
    for seconds in (151, 209):  # the first call's silence is over, the second one's not
        mark_silent_devices(at_ms + seconds * 1_000)
        assert shown(person, device)["status"] == "online"
    mark_silent_devices(at_ms + 210_000)
    assert shown(person, device)["status"] == "offline"
    assert alerts(person) == ["device_offline"]


def test_a_backlog_is_not_presence(person: Person, deliver: Deliver) -> None:
    device = person.device()
    port = person.port(device)
    device.send([reading(port["portId"], now_ms() - 3 * 3_600_000 + number, 5.0) for number in range(3)])
    deliver()
    seen = shown(person, device)
    assert (seen["status"], seen["liveness"]["state"]) == ("online", "online")
    mark_silent_devices(now_ms() + 151_000)
    device.send([reading(port["portId"], now_ms() + 60_000, 5.0)])
    assert shown(person, device)["liveness"]["state"] == "online"


def test_a_new_device_waits_for_its_first_outlet_in_short_steps(person: Person) -> None:
    device = person.device()
    assert device.call("POST", "/device/heartbeat").body["heartbeatSeconds"] == 5
    person.port(device)
    assert device.call("POST", "/device/heartbeat").body["heartbeatSeconds"] == 60


def test_dropped_readings_are_told_once_a_spell_and_shown(person: Person) -> None:
    device = person.device("Cellar Pi")
    for total in (0, 12, 12, 40):
        said = {"droppedReadings": total, "agentVersion": "1.4.0"}
        assert device.call("POST", "/device/heartbeat", said).status == 200
    assert device.call("POST", "/device/heartbeat", {}).status == 200
    (told,) = person.call("GET", "/notification/list").body["notifications"]
    assert (told["kind"], told["message"][:27]) == ("spool_dropped", "Cellar Pi lost 12 readings:")
    assert shown(person, device)["agentVersion"] == "1.4.0"
    assert shown(person, device)["droppedReadings"] == 12, "a rise within the minute is taken over by a later call"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"droppedReadings": -1}, "droppedReadings"),
        ({"droppedReadings": "7"}, "droppedReadings"),
        ({"agentVersion": "a b"}, "agentVersion"),
        ({"agentVersion": ""}, "agentVersion"),
    ],
)
def test_a_wrong_report_is_named(person: Person, said: dict[str, Any], field: str) -> None:
    answer = person.device().call("POST", "/device/heartbeat", said)
    assert (answer.status, answer.body["field"]) == (422, field)


def test_a_device_that_cannot_be_marked_keeps_no_other_online(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [person.device(f"Pi {number}") for number in range(6)]
    for device in silent:
        device.call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    note, broken = record_silence, silent[2].device_id

    def note_but_one(device: Any, at_ms: int) -> bool:
        if device.device_id == broken:
            raise ZeroDivisionError
        return note(device, at_ms)

    monkeypatch.setattr(presence, "record_silence", note_but_one)
    with pytest.raises(ZeroDivisionError):
        mark_silent_devices(now_ms() + 151_000)
    assert [shown(person, device)["status"] == "online" for device in silent] == [n == 2 for n in range(6)]
    monkeypatch.undo()
    mark_silent_devices(now_ms() + 151_000)
    assert shown(person, silent[2])["status"] == "offline"


def test_a_call_counts_though_the_servers_clock_was_ahead_before(person: Person) -> None:
    device = person.device()
    at_ms = now_ms()
    beat(device, at_ms + 86_400_000)
    beat(device, at_ms)
    mark_silent_devices(at_ms + 151_000)
    assert shown(person, device)["status"] == "offline", "it fell silent by the clock that is right"


Call = Callable[[Device, str], object]
CALLS: dict[str, Call] = {
    "heartbeat": lambda device, _: device.call("POST", "/device/heartbeat"),
    "sensors": lambda device, _: device.call("POST", "/device/data", {"sensors": {"temperature": 20}}),
    "readings": lambda device, port_id: device.send([reading(port_id, now_ms(), 5.0)]),
    "mqtt": lambda device, _: publish(device, {"temperature": 20}),
}


@pytest.mark.parametrize("way", CALLS)
@pytest.mark.parametrize("pace_seconds", [300, 600, 899])
def test_a_device_that_keeps_a_slow_pace_is_never_told_offline(person: Person, way: str, pace_seconds: int) -> None:
    device = person.device("Slow Pi")
    port_id = person.port(device)["portId"]
    first_ms = now_ms()
    CALLS[way](device, port_id)
    for number in range(4):
        for elapsed in range(60, pace_seconds, 60):
            mark_silent_devices(first_ms + (number * pace_seconds + elapsed) * 1_000)
        assert shown(person, device)["status"] == "online", number
        beat(device, first_ms + (number + 1) * pace_seconds * 1_000)
    assert alerts(person) == []


def test_our_own_agent_is_offline_after_150_s_from_its_first_call_on(person: Person) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    at_ms = now_ms()
    mark_silent_devices(at_ms + 149_000)
    assert shown(person, device)["status"] == "online"
    mark_silent_devices(at_ms + 151_000)
    assert (shown(person, device)["status"], alerts(person)) == ("offline", ["device_offline"])
