"""What version 0.1.0 stored is read: release-0.1.0.zip are its bytes, release-0.1.0.json what its API answered then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core import clock
from infra.backup import archive, tables
from infra.local.emulator import clients
from infra.local.runner.environment import STAGE
from tests.conftest import Call, Device, Person

HERE = Path(__file__).parent
THEN: dict[str, Any] = json.loads((HERE / "release-0.1.0.json").read_text())
PASSWORD = "correct horse battery"


@pytest.fixture
def person(database: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> Person:
    """The person of that database, at the time of its last answers."""
    monkeypatch.setattr(clock, "_wall_ms", lambda: THEN["atMs"])
    client = clients.create_client("dynamodb", database)
    with archive.opened(HERE / "release-0.1.0.zip") as content:
        for table in tables.backed_up_tables(STAGE):
            if table.name in content.entries:
                tables.put(client, table, content.items(table.name))
    answer = call("POST", "/account/login", {"email": THEN["email"], "password": PASSWORD})
    assert answer.status == 200, answer
    return Person(THEN["email"], PASSWORD, answer.body["sessionToken"], call)


def test_the_account_its_outlets_and_its_choices_are_as_they_were(person: Person) -> None:
    assert person.call("GET", "/account").body.items() >= THEN["account"].items()
    ports = {port["portId"]: port for port in person.call("GET", "/port/list").body["ports"]}
    assert all(ports[port["portId"]].items() >= port.items() for port in THEN["ports"])
    settings = person.call("GET", "/notification/settings").body
    assert settings["kinds"].items() >= THEN["settings"]["kinds"].items()
    assert settings["weeklyDigest"] == THEN["settings"]["weeklyDigest"]
    assert person.call("GET", "/account/tariffs").body["tariffs"][0]["perKwh"] == 0.31
    (device,) = person.call("GET", "/device/list").body["devices"]
    assert device["latest"].items() >= THEN["latestSensors"].items()


def test_events_and_notifications_are_as_they_were_and_take_a_verdict(person: Person) -> None:
    events = {event["eventId"]: event for event in person.call("GET", "/phantom-event/list").body["events"]}
    assert all(events[event["eventId"]].items() >= event.items() for event in THEN["events"])
    told = {each["notificationId"]: each for each in person.call("GET", "/notification/list").body["notifications"]}
    assert all(told[each["notificationId"]].items() >= each.items() for each in THEN["notifications"])
    judged = THEN["events"][0]["eventId"]
    assert person.call("POST", f"/phantom-event/{judged}/feedback", {"verdict": "right"}).status == 200


def test_readings_usage_and_energy_are_as_they_were(person: Person) -> None:
    port_id = THEN["portIds"][0]
    raw = person.call("GET", f"/port/{port_id}/history?resolution=raw&limit=2000").body["readings"]
    assert (len(raw), raw[0], raw[-1]) == (THEN["rawReadings"], THEN["firstReading"], THEN["lastReading"])
    assert person.call("GET", f"/port/{port_id}/history?resolution=1h").body["readings"] == THEN["hours"]
    total = person.call("GET", "/energy?period=day").body["total"]
    assert {name: total[name] for name in THEN["energyTotal"]} == pytest.approx(THEN["energyTotal"])


def test_the_detector_goes_on_from_what_it_had_learned(person: Person) -> None:
    detector = person.call("GET", f"/port/{THEN['portIds'][0]}/detector").body
    for name in ("thresholdWatts", "source", "standbyWatts", "gapToWatts", "observedMinutes"):
        assert detector[name] == pytest.approx(THEN["detector"][name])
    assert sum(each["minutes"] for each in detector["histogram"]) == sum(
        each["minutes"] for each in THEN["detector"]["histogram"]
    )


def test_the_devices_key_still_opens_and_its_relays_are_as_commanded(person: Person, call: Call) -> None:
    device = Device("GW-release-010", f"gwk.GW-release-010.{THEN['deviceSecret']}", call)
    answer = device.call("POST", "/device/heartbeat", {"sentAtMs": THEN["atMs"]})
    assert answer.status == 200, answer
    desired = {relay["portId"]: (relay["desired"], relay["version"]) for relay in answer.body["relays"]}
    assert desired == {port["portId"]: (port["relay"]["desired"], port["relay"]["version"]) for port in THEN["ports"]}
