"""Ports: settings, channels, relays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Person


def test_a_port_has_the_contracts_defaults(person: Person) -> None:
    port = person.port(person.device())
    assert port["success"] is True
    assert (port["channel"], port["kind"], port["policy"], port["neverCut"]) == (1, "unknown", "notify", False)
    assert (port["thresholdWatts"], port["dwellSeconds"], port["status"], port["latest"]) == (None, None, "off", None)
    assert port["relay"]["desired"] == "on"
    assert person.call("GET", f"/port/{port['portId']}").body == port


def test_ports_are_listed_page_by_page(person: Person) -> None:
    device = person.device()
    made = {person.port(device, f"Port {number}")["portId"] for number in range(5)}
    found: set[str] = set()
    cursor: str | None = ""
    for _ in range(3):
        page = person.call("GET", f"/port/list?limit=2&cursor={cursor}").body
        found |= {port["portId"] for port in page["ports"]}
        cursor = page["cursor"]
    assert (found, cursor) == (made, None)


def test_channels_are_unique_on_a_device(person: Person) -> None:
    device = person.device()
    assert [person.port(device, channel=2)["channel"], person.port(device)["channel"]] == [2, 1]
    taken = person.call("POST", "/port", {"deviceId": device.device_id, "name": "Lamp", "channel": 2})
    assert (taken.status, taken.body["code"], taken.body["field"]) == (409, "channel_taken", "channel")
    other = person.port(device)
    moved = person.call("PATCH", f"/port/{other['portId']}", {"channel": 2})
    assert (moved.status, moved.body["code"]) == (409, "channel_taken")
    assert person.call("PATCH", f"/port/{other['portId']}", {"channel": 9}).body["channel"] == 9


def test_a_33rd_port_is_refused(person: Person) -> None:
    device = person.device()
    for number in range(32):
        person.port(device, f"Port {number}")
    answer = person.call("POST", "/port", {"deviceId": device.device_id, "name": "One more"})
    assert (answer.status, answer.body["code"]) == (409, "too_many_ports")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": 0}, "channel"),
        ({"channel": 33}, "channel"),
        ({"channel": "1"}, "channel"),
        ({"policy": "destroy"}, "policy"),
        ({"neverCut": "yes"}, "neverCut"),
        ({"thresholdWatts": -1}, "thresholdWatts"),
        ({"thresholdWatts": 0}, "thresholdWatts"),
        ({"dwellSeconds": -1}, "dwellSeconds"),
        ({"dwellSeconds": 1.5}, "dwellSeconds"),
        ({"name": ""}, "name"),
        ({"colour": "red"}, "colour"),
        ({"deviceId": "nobody's"}, "deviceId"),
    ],
)
def test_a_wrong_setting_is_422_and_named(person: Person, wrong: dict[str, Any], field: str) -> None:
    body = {"deviceId": person.device().device_id, "name": "Lamp"} | wrong
    answer = person.call("POST", "/port", body)
    assert (answer.status, answer.body["field"]) == (422, field)


def test_only_what_is_given_changes_and_null_means_learned_again(person: Person) -> None:
    port = person.port(person.device(), thresholdWatts=5, dwellSeconds=60, policy="cut")
    changed = person.call("PATCH", f"/port/{port['portId']}", {"name": "Console", "thresholdWatts": None}).body
    assert (changed["name"], changed["thresholdWatts"], changed["dwellSeconds"]) == ("Console", None, 60)
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert listed["ports"][0]["name"] == "Console"


def test_a_deleted_port_is_gone_from_everywhere(person: Person) -> None:
    device = person.device()
    port = person.port(device)
    assert person.call("DELETE", f"/port/{port['portId']}").status == 200
    assert person.call("GET", f"/port/{port['portId']}").status == 404
    assert person.call("GET", "/port/list").body["ports"] == []
    assert device.call("POST", "/device/heartbeat").body["relays"] == []


def test_another_users_port_is_404_for_every_verb(person: Person, stranger: Person) -> None:
    path = f"/port/{person.port(person.device())['portId']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"neverCut": True}),
        ("DELETE", path, None),
        ("POST", f"{path}/switch", {"state": "off"}),
        ("GET", f"{path}/history", None),
        ("GET", f"/phantom-event/list?portId={path.rpartition('/')[2]}", None),
    ]
    assert [stranger.call(*call).status for call in calls] == [404] * len(calls)
    assert person.call("GET", path).body["neverCut"] is False


def test_a_persons_switch_reaches_the_device_and_its_answer_the_person(person: Person) -> None:
    device = person.device()
    port = person.port(device)
    switched = person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"}).body
    assert switched["version"] == 1
    (command,) = device.call("POST", "/device/heartbeat").body["relays"]
    assert command == {"portId": port["portId"], "channel": 1, "desired": "off", "version": 1}
    report = {"portId": port["portId"], "state": "off", "version": 1}
    assert device.call("POST", "/device/heartbeat", {"sentAtMs": 1, "relays": [report]}).status == 200
    relay = person.call("GET", f"/port/{port['portId']}").body["relay"]
    assert (relay["reported"], relay["reportedVersion"], relay["switchedBy"]) == ("off", 1, "person")


def test_a_never_cut_port_is_not_switched_off(person: Person) -> None:
    port = person.port(person.device(), "Fridge", neverCut=True)
    answer = person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"})
    assert (answer.status, answer.body["code"]) == (409, "never_cut")
    assert person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"}).status == 200


@pytest.mark.parametrize("body", [{}, {"state": "dim"}, {"state": "off", "for": 5}])
def test_a_wrong_switch_is_422(person: Person, body: dict[str, Any]) -> None:
    port = person.port(person.device())
    assert person.call("POST", f"/port/{port['portId']}/switch", body).status == 422
