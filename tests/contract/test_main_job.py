"""The main job, once through: pair, measure, find standby, cut, undo, and leave nothing behind.

`make smoke BASE=https://…` runs this file against any running Ghostwatt.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.conftest import Call, Device, Person, eventually, now_ms, reading
from tests.contract import mqtt_device

pytestmark = pytest.mark.smoke
READINGS = 60
SAMPLING_MS = 2_000
IN_USE_WATTS, STANDBY_WATTS, THRESHOLD_WATTS = 92.0, 4.6, 10.0
WATT_MS_PER_KWH = 3.6e9
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Home:
    """A person with a paired device and one outlet that may be cut at once."""

    person: Person
    device: Device
    port_id: str

    def relay(self, **body: Any) -> dict[str, Any]:
        """Send a heartbeat, and return the relay command for the outlet."""
        answer = self.device.call("POST", "/device/heartbeat", body)
        assert answer.status == 200, answer
        (relay,) = answer.body["relays"]
        assert relay["portId"] == self.port_id
        return dict(relay)


@pytest.fixture(scope="module")
def visitor(call: Call) -> Iterator[Person]:
    """Somebody who signs up, and whose account is deleted in the end, also when the answer to the sign-up was lost."""
    credentials = {"email": f"smoke-{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe()}
    try:
        answer = call("POST", "/account/signup", credentials)
        assert answer.status == 201, answer
        yield Person(credentials["email"], credentials["password"], answer.body["sessionToken"], call)
    finally:
        eventually(lambda: _is_gone(call, credentials), f"the account {credentials['email']} is deleted")


def _is_gone(call: Call, credentials: dict[str, str]) -> bool:
    login = call("POST", "/account/login", credentials)
    if login.status == 200:
        call(
            "DELETE",
            "/account",
            {"currentPassword": credentials["password"]},
            x_session_token=login.body["sessionToken"],
        )
    return login.status == 401


@pytest.fixture(scope="module")
def home(visitor: Person, call: Call) -> Home:
    device_id = f"SMOKE-{secrets.token_hex(6)}"
    claim = call("POST", "/device/claim", {"deviceId": device_id}).body
    assert visitor.call("GET", f"/device/claim/{claim['userCode']}").body["deviceId"] == device_id
    approval = {"userCode": claim["userCode"], "deviceName": "Smoke"}
    assert visitor.call("POST", "/device/claim/approve", approval).status == 200
    token = call("POST", "/device/claim/token", {"deviceCode": claim["deviceCode"]})
    assert token.status == 200, token
    device = Device(device_id, token.body["apiKey"], call)
    port = visitor.port(device, "Smoke", policy="cut", dwellSeconds=0, thresholdWatts=THRESHOLD_WATTS)
    return Home(visitor, device, port["portId"])


def test_all_parts_are_well(call: Call) -> None:
    answer = call("GET", "/health")
    assert answer.status == 200, answer
    assert set(answer.body["parts"].values()) == {"ok"}


def test_the_pace_of_a_heartbeat_is_a_minute_at_most(home: Home) -> None:
    answer = home.device.call("POST", "/device/heartbeat", {"sentAtMs": now_ms()})
    assert (answer.status, answer.body["heartbeatSeconds"] <= 60) == (200, True)


def test_standby_is_found_pushed_cut_and_undone_and_all_readings_are_there_once(home: Home) -> None:
    person, device, port_id = home.person, home.device, home.port_id
    with connect(person.call("POST", "/live/ticket").body["url"], open_timeout=60) as page:
        first_ms = now_ms() - READINGS * SAMPLING_MS
        in_use = [reading(port_id, first_ms + index * SAMPLING_MS, IN_USE_WATTS) for index in range(READINGS)]
        for status in ("stored", "duplicate"):
            answer = device.send(in_use, "in-use")
            assert [result["status"] for result in answer.body["results"]] == [status] * READINGS
        answer = device.send([reading(port_id, now_ms(), STANDBY_WATTS)])
        assert [result["status"] for result in answer.body["results"]] == ["stored"]
        (event,) = _wait_for_events(person, port_id)
        assert event["actionTaken"] == "auto_cut"
        pushed: set[str] = set()
        while not {"reading", "port", "notification"} <= pushed:
            pushed.add(json.loads(page.recv(timeout=PATIENCE_SECONDS))["type"])
    command = home.relay()
    assert command["desired"] == "off"
    assert command["onlyBelowWatts"] > STANDBY_WATTS
    assert command["expiresAtMs"] > now_ms()
    home.relay(relays=[{"portId": port_id, "state": "off", "version": command["version"]}])
    port = person.call("GET", f"/port/{port_id}").body
    assert (port["status"], port["relay"]["reported"]) == ("off", "off")
    undone = person.call("POST", f"/port/{port_id}/switch", {"state": "on"}).body
    assert home.relay() == {**home.relay(), "desired": "on", "version": undone["version"]}
    history = person.call("GET", f"/port/{port_id}/history?resolution=raw&layout=columns").body
    assert len(history["columns"]["power"]) == READINGS + 1
    _wait_for_energy(home)


def _wait_for_events(person: Person, port_id: str) -> list[dict[str, Any]]:
    path = f"/phantom-event/list?portId={port_id}"
    eventually(lambda: person.call("GET", path).body["events"], "the stream finds the standby", PATIENCE_SECONDS)
    return list(person.call("GET", path).body["events"])


def _wait_for_energy(home: Home) -> None:
    expected_kwh = IN_USE_WATTS * (READINGS - 1) * SAMPLING_MS / WATT_MS_PER_KWH

    def kwh() -> float:
        return float(home.person.call("GET", f"/port/{home.port_id}/energy?period=day").body["total"]["kwh"])

    eventually(lambda: kwh() >= expected_kwh * 0.995, f"the energy is {expected_kwh:.6f} kWh", PATIENCE_SECONDS)
    assert kwh() <= expected_kwh * 1.5


def test_a_device_signs_in_by_mqtt_and_a_wrong_key_is_refused(home: Home, mqtt_url: str) -> None:
    device = home.device
    mqtt_device.publish(mqtt_url, device.device_id, device.api_key, {"temperature": 23.5})
    eventually(lambda: "23.5" in str(home.person.call("GET", "/devices").body), "the value is shown", PATIENCE_SECONDS)
    assert mqtt_device.refuses(mqtt_url, device.device_id, f"{device.api_key}x")


def test_after_the_account_is_closed_its_session_and_key_are_dead(home: Home) -> None:
    assert home.person.close_account().status == 202
    assert home.person.call("GET", "/account").status == 401
    assert home.device.call("POST", "/device/heartbeat").status == 401
