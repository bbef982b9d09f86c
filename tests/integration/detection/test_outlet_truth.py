"""What the API says of an outlet is so: silent meters, welded relays, relays that do not obey, hands at the plug."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from chalicelib.detection.device_reply import reply_to_device
from chalicelib.devices.store import load_device
from chalicelib.ports import store as ports
from chalicelib.realtime import device_channel
from tests.conftest import Device, Person, now_ms, reading
from tests.integration.devices.test_mqtt import publish
from tests.integration.stream import Deliver

CUT: dict[str, Any] = {"policy": "cut", "thresholdWatts": 10, "dwellSeconds": 0}


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def outlet(person: Person, port: dict[str, Any]) -> dict[str, Any]:
    """An outlet as its page, the list of outlets and the list of devices show it: all the same."""
    one = person.call("GET", f"/port/{port['portId']}").body
    (listed,) = (each for each in person.call("GET", "/port/list").body["ports"] if each["portId"] == port["portId"])
    of_devices = [each for shown in person.call("GET", "/device/list").body["devices"] for each in shown["ports"]]
    (in_device,) = (each for each in of_devices if each["portId"] == port["portId"])
    shown: dict[str, Any] = listed
    assert one["silentSinceMs"] == listed["silentSinceMs"] == in_device["silentSinceMs"]
    assert one["status"] == listed["status"]
    return shown


def told(person: Person, kind: str) -> list[str]:
    listed = person.call("GET", "/notification/list").body["notifications"]
    return [entry["message"] for entry in listed if entry["kind"] == kind]


def events(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.call("GET", "/phantom-event/list").body["events"]
    return found


def acknowledge(device: Device, port: dict[str, Any], state: str, version: int, reason: str | None = None) -> Any:
    report = {"portId": port["portId"], "state": state, "version": version, "reason": reason}
    answer = device.call("POST", "/device/heartbeat", {"relays": [report]})
    assert answer.status == 200
    return next(entry for entry in answer.body["relays"] if entry["portId"] == port["portId"])


def sent(device: Device, deliver: Deliver, port: dict[str, Any], *rows: tuple[int, float]) -> None:
    """Send an outlet's readings, each so many seconds from now, and examine them."""
    at_ms = now_ms()
    readings = [reading(port["portId"], at_ms + seconds * 1_000, watts) for seconds, watts in rows]
    results = device.send(readings).body["results"]
    assert {result["status"] for result in results} == {"stored"}
    deliver()


def send_together(device: Device, deliver: Deliver, outlets: list[dict[str, Any]], seconds: Iterable[int]) -> None:
    """Send readings of several outlets in one batch, and examine them."""
    at_ms = now_ms()
    device.send([reading(port["portId"], at_ms + second * 1_000, 61.0) for second in seconds for port in outlets])
    deliver()


def test_one_dead_channel_of_four_is_silent_and_told_once_a_spell(
    person: Person, device: Device, deliver: Deliver
) -> None:
    outlets = [person.port(device, f"Outlet {number}") for number in range(4)]
    send_together(device, deliver, outlets, range(-400, -300, 10))
    assert outlet(person, outlets[3])["status"] == "silent", "its device called, and had nothing newer"
    send_together(device, deliver, outlets[:3], range(-290, 0, 10))
    shown = outlet(person, outlets[3])
    assert (shown["status"], shown["latest"]["power"]) == ("silent", 61.0)
    assert shown["silentSinceMs"] == shown["latest"]["timestampMs"]
    assert [outlet(person, port)["status"] for port in outlets[:3]] == ["active"] * 3
    (message,) = told(person, "outlet_silent")
    assert message.startswith("Outlet 3 has sent no reading since ")

    sent(device, deliver, outlets[3], (1, 61.0))
    shown = outlet(person, outlets[3])
    assert (shown["status"], shown["silentSinceMs"]) == ("active", None)
    send_together(device, deliver, outlets[:3], range(10, 290, 10))
    assert outlet(person, outlets[3])["status"] == "silent"
    assert len(told(person, "outlet_silent")) == 2


def test_a_meter_that_falls_silent_is_told_by_the_calls_of_its_device(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, "Kettle")
    sent(device, deliver, port, (-3, 61.0), (-1, 61.0))
    assert outlet(person, port)["status"] == "active"
    at_ms = now_ms()
    for minute in range(1, 8):
        loaded = load_device(device.device_id)
        assert loaded is not None
        reply_to_device(loaded, ports.load_ports_of_device(loaded.device_uid), at_ms + minute * 60_000)
        assert len(told(person, "outlet_silent")) == (1 if minute > 1 else 0), minute
        assert outlet(person, port)["status"] == ("silent" if minute > 1 else "active"), minute
    sent(device, deliver, port, (299, 61.0))
    assert outlet(person, port)["silentSinceMs"] is None


def test_a_device_that_is_offline_has_no_silent_outlets(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device)
    sent(device, deliver, port, (-3, 61.0), (-1, 61.0))
    assert outlet(person, port)["status"] == "active"
    at_ms = now_ms()
    loaded = load_device(device.device_id)
    assert loaded is not None
    reply_to_device(loaded, ports.load_ports_of_device(loaded.device_uid), at_ms + 3_600_000)
    assert told(person, "outlet_silent") == [], "it has just come back, and may have an hour to send"


def test_a_slow_outlet_is_not_silent_between_its_readings(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device)
    sent(device, deliver, port, *((second, 61.0) for second in range(-2_000, 0, 300)))
    assert outlet(person, port)["status"] == "active"


def test_a_welded_relay_is_told_though_the_meter_shows_nothing_for_a_while(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, "Heater", **CUT)
    sent(device, deliver, port, (0, 3.2))
    acknowledge(device, port, "off", 1)
    sent(device, deliver, port, (1, 0.0), (10, 0.0))
    assert (events(person)[0]["outcome"], outlet(person, port)["status"]) == ("confirmed", "off")
    sent(device, deliver, port, (45, 0.0))
    sent(device, deliver, port, (60, 85.2), (100, 85.2))
    assert told(person, "cut_failed") == ["Heater still draws 85.2 W although its outlet was switched off"]
    (event,) = events(person)
    assert (event["outcome"], event["endedAt"] is None) == ("contradicted", False)
    assert (outlet(person, port)["status"], outlet(person, port)["relay"]["desired"]) == ("active", "off")
    sent(device, deliver, port, (160, 85.2))
    assert len(told(person, "cut_failed")) == 1
    (saving,) = person.call("GET", "/savings").body["savings"]
    assert saving["to"] == event["endedAt"]
    assert person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"}).status == 200
    assert events(person)[0] == event, "what the cut came to stays as it was"


def test_what_a_person_switched_off_and_still_draws_is_told(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, "Heater", policy="observe")
    sent(device, deliver, port, (0, 85.2))
    person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"})
    assert outlet(person, port)["status"] == "active", "nobody has obeyed yet"
    acknowledge(device, port, "off", 1)
    assert outlet(person, port)["status"] == "off"
    sent(device, deliver, port, (60, 85.2))
    assert outlet(person, port)["status"] == "active"
    assert len(told(person, "cut_failed")) == 1


@pytest.mark.parametrize("reason", ["failed", "not_cut"])
def test_a_relay_that_does_not_obey_is_told_once_and_its_outlet_is_not_off(
    person: Person, device: Device, deliver: Deliver, reason: str
) -> None:
    port = person.port(device, "Heater")
    sent(device, deliver, port, (0, 85.2))
    for version in (1, 2):
        person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"})
        for _ in range(3):
            acknowledge(device, port, "on", version, reason)
    assert told(person, "relay_failed") == ["Heater could not be switched off: its relay does not obey"]
    shown = outlet(person, port)
    assert (shown["status"], shown["relay"]["reported"], shown["relay"]["reason"]) == ("active", "on", reason)
    acknowledge(device, port, "off", 2)
    assert outlet(person, port)["status"] == "off"


def test_a_cut_that_the_relay_does_not_obey_is_told_and_not_tried_all_day(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, "Heater", **CUT)
    sent(device, deliver, port, (0, 3.2))
    acknowledge(device, port, "on", 1, "failed")
    assert (events(person)[0]["outcome"], outlet(person, port)["status"]) == ("refused", "standby")
    sent(device, deliver, port, (1, 3.2))
    assert len(told(person, "relay_failed")) == len(events(person)) == 1


@pytest.mark.parametrize("reason", ["by_hand", "at_plug"])
def test_switching_on_at_the_plug_undoes_a_cut(person: Person, device: Device, deliver: Deliver, reason: str) -> None:
    port = person.port(device, **CUT)
    sent(device, deliver, port, (0, 3.2))
    acknowledge(device, port, "off", 1)
    command = acknowledge(device, port, "on", 1, reason)
    assert (command["desired"], command["version"]) == ("on", 2)
    (event,) = events(person)
    assert (event["outcome"], event["endedAt"] is None) == ("undone", False)
    assert outlet(person, port)["relay"]["switchedBy"] == "person"
    sent(device, deliver, port, (1, 92.0))
    assert outlet(person, port)["status"] == "active"
    sent(device, deliver, port, (2, 3.2))
    assert outlet(person, port)["relay"]["desired"] == "off", "it was in use, so it may be cut again"


def test_switching_off_at_the_plug_is_what_is_wanted_and_told_of_an_outlet_that_must_keep_its_power(
    person: Person, device: Device, deliver: Deliver
) -> None:
    lamp, fridge = person.port(device, "Lamp"), person.port(device, "Freezer", kind="fridge or freezer")
    for port in (lamp, fridge):
        sent(device, deliver, port, (0, 60.0))
        assert acknowledge(device, port, "off", 0, "at_plug")["desired"] == "off"
        assert outlet(person, port)["status"] == "off"
    assert told(person, "protected_off") == ["Freezer must keep its power, but was switched off at its plug"]


def test_over_mqtt_a_hand_at_the_plug_counts_too(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_channel, "publish_to_device", lambda *_: None)
    port = person.port(device, **CUT)
    sent(device, deliver, port, (0, 3.2))
    for state, reason in (("off", None), ("on", "by_hand")):
        report = {"portId": port["portId"], "state": state, "version": 1, "reason": reason}
        publish(device, {"relays": [report]})
    assert (outlet(person, port)["relay"]["desired"], events(person)[0]["outcome"]) == ("on", "undone")
