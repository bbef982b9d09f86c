"""Clients as the five guides behind this contract have them: plain scripts in which only the address was changed."""

from __future__ import annotations

import json
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from tests.conftest import eventually

TIMEOUT = 10
ISO_MS = "%Y-%m-%dT%H:%M:%S.%fZ"


def post(url: str, body: Any = None, **headers: str) -> requests.Response:
    return requests.post(url, json=body, headers=headers, timeout=TIMEOUT)


def get(url: str, **headers: str) -> Any:
    return requests.get(url, headers=headers, timeout=TIMEOUT).json()


def session(api: str) -> dict[str, str]:
    """The header of somebody who has just signed up."""
    credentials = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse"}
    return {"x-session-token": post(f"{api}/account/signup", credentials).json()["sessionToken"]}


def registered(api: str, who: dict[str, str], device_id: str) -> str:
    """The key of a newly registered device."""
    answer = post(f"{api}/device/register", {"deviceId": device_id, "deviceName": "Living room"}, **who)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["apiKey"])


def outlet(api: str, who: dict[str, str], device_id: str, **settings: Any) -> str:
    answer = post(f"{api}/port", {"deviceId": device_id, "name": "Television", **settings}, **who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["portId"])


@pytest.fixture
def device_id() -> str:
    return f"GW-{secrets.token_hex(6)}"


@pytest.mark.parametrize("header", ["x-session-token", "Authorization"])
def test_the_web_client_is_known_by_either_header(api: str, device_id: str, header: str) -> None:
    credentials = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse"}
    assert post(f"{api}/account/signup", credentials).status_code == 201
    token = post(f"{api}/account/login", credentials).json()["sessionToken"]
    who = {header: token if header == "x-session-token" else f"Bearer {token}"}
    registered(api, who, device_id)
    assert [device["deviceId"] for device in get(f"{api}/device/list", **who)["devices"]] == [device_id]
    assert post(f"{api}/account/logout", **who).json()["success"] is True
    assert requests.get(f"{api}/device/list", headers=who, timeout=TIMEOUT).status_code == 401


def test_register_again_never_shows_the_existing_key(api: str, device_id: str) -> None:
    who = session(api)
    first, second = registered(api, who, device_id), registered(api, who, device_id)
    assert first != second
    answer = post(f"{api}/device/register", {"deviceId": device_id}, **session(api))
    assert (answer.status_code, "apiKey" in answer.json()) == (409, False)


def test_the_pi_agent_beats_without_a_body_and_with_an_empty_one(api: str, device_id: str) -> None:
    who = session(api)
    key = {"Authorization": f"Device {registered(api, who, device_id)}"}
    bare = requests.post(f"{api}/device/heartbeat", headers=key, timeout=TIMEOUT)
    empty = post(f"{api}/device/heartbeat", {}, **key)
    assert [(answer.status_code, answer.json()["success"]) for answer in (bare, empty)] == [(200, True)] * 2
    (device,) = get(f"{api}/device/list", **who)["devices"]
    assert (device["status"], device["name"]) == ("online", "Living room")


def test_the_pi_agents_naive_timestamps_are_utc(api: str, device_id: str) -> None:
    who = session(api)
    key = {"Authorization": f"Device {registered(api, who, device_id)}"}
    measured = datetime.now(UTC).replace(tzinfo=None, microsecond=123_000)
    body = {"sensors": {"temperature": 21.5, "humidity": 48}, "timestamp": measured.isoformat()}
    assert post(f"{api}/device/data", body, **key).json()["success"] is True

    def latest() -> Any:
        return get(f"{api}/device/{device_id}", **who)["device"]["latest"]

    eventually(latest, "the sensors are shown")
    assert latest()["sensors"] == {"temperature": 21.5, "humidity": 48}
    assert datetime.strptime(latest()["timestamp"], ISO_MS).replace(tzinfo=None) == measured  # noqa: DTZ007 - the Z is UTC
    (log,) = get(f"{api}/device/{device_id}/data", **who)["data"]
    assert (log["sensors"], log["timestamp"]) == (latest()["sensors"], latest()["timestamp"])


def test_the_phantom_guides_reading_cuts_the_outlet(api: str, device_id: str) -> None:
    who = session(api)
    token = registered(api, who, device_id)
    port_id = outlet(api, who, device_id, thresholdWatts=10, policy="cut", dwellSeconds=0)
    sent = {"voltage": 230.0, "current": 0.02, "power": 4.6}
    answer = post(f"{api}/sensor/reading", {"deviceToken": token, "portId": port_id, **sent}).json()
    data = answer["data"]
    assert isinstance(answer["message"], str)
    assert set(data["reading"]) == {"id", "voltage", "current", "power", "timestamp"}
    assert {name: data["reading"][name] for name in sent} == sent
    assert (data["phantomDetected"], data["portStatus"]) == (True, "standby")

    eventually(lambda: get(f"{api}/phantom-event/list", **who)["events"], "the phantom is found")
    (event,) = get(f"{api}/phantom-event/list", **who)["events"]
    assert (event["portId"], event["actionTaken"], event["detectedPower"]) == (port_id, "auto_cut", 4.6)
    (notification,) = get(f"{api}/notification/list", **who)["notifications"]
    assert "Phantom energy detected on Television" in notification["message"]
    (port,) = get(f"{api}/port/list", **who)["ports"]
    assert (port["portId"], port["status"]) == (port_id, "off")


@pytest.mark.parametrize(
    ("watts", "phantom", "status"), [(0, False, "off"), (9.9, True, "standby"), (80, False, "active")]
)
def test_the_phantom_guide_judges_each_reading(
    api: str, device_id: str, watts: float, phantom: bool, status: str
) -> None:
    who = session(api)
    token = registered(api, who, device_id)
    port_id = outlet(api, who, device_id, thresholdWatts=10)
    reading = {"deviceToken": token, "portId": port_id, "voltage": 230, "current": 0.1, "power": watts}
    data = post(f"{api}/sensor/reading", reading).json()["data"]
    assert (data["phantomDetected"], data["portStatus"]) == (phantom, status)


def test_the_dashboard_guide_lists_a_bare_array(api: str, device_id: str) -> None:
    who = session(api)
    added = post(f"{api}/devices", {"device_id": device_id, "name": "Greenhouse"}, **who)
    again = post(f"{api}/devices", {"device_id": device_id, "name": "Greenhouse"}, **who)
    assert (added.status_code, bool(added.json()["message"])) == (201, True)
    assert (again.status_code, bool(again.json()["error"])) == (400, True)
    assert [device["status"] for device in get(f"{api}/devices", **who)] == ["offline"]

    key = {"Authorization": f"Device {registered(api, who, device_id)}"}
    sensors = {"temperature": 19.25, "humidity": 61, "pressure": 1013.2, "status": 1}
    post(f"{api}/device/data", {"sensors": sensors, "timestamp": datetime.now(UTC).isoformat()}, **key)
    eventually(lambda: "temperature" in get(f"{api}/devices", **who)[0], "the sensors are listed")
    (device,) = get(f"{api}/devices", **who)
    assert set(device) == {"device_id", "name", "status", "last_seen", "temperature", "humidity", "pressure"}
    assert (device["status"], device["temperature"], device["name"]) == ("online", 19.25, "Greenhouse")


def test_the_dashboard_guides_page_hears_sensor_data(live_url: str, api: str, device_id: str) -> None:
    who, other = session(api), session(api)
    key = {"Authorization": f"Device {registered(api, who, device_id)}"}
    mine, others = (post(f"{api}/live/ticket", **person).json()["url"] for person in (who, other))
    assert mine.startswith(f"{live_url}?ticket=")
    with connect(mine) as socket, connect(others) as foreign:
        post(f"{api}/device/data", {"sensors": {"temperature": 20.5}}, **key)
        heard = [json.loads(socket.recv(timeout=TIMEOUT))]
        while heard[-1]["type"] != "sensor_data":
            heard.append(json.loads(socket.recv(timeout=TIMEOUT)))
        post(f"{api}/devices", {"device_id": f"{device_id}x", "name": "Other"}, **other)
        assert json.loads(foreign.recv(timeout=TIMEOUT))["deviceId"] == f"{device_id}x"
    assert (heard[-1]["deviceId"], heard[-1]["sensors"]) == (device_id, {"temperature": 20.5})
    assert (heard[-1]["device_id"], heard[-1]["temperature"]) == (device_id, 20.5)


def test_the_simulator_guides_readings_are_all_there(api: str, device_id: str) -> None:
    who = session(api)
    token, dice = registered(api, who, device_id), random.Random(1)  # noqa: S311 - readings are no secret
    port_id = outlet(api, who, device_id)
    begin, powers = datetime.now(UTC) - timedelta(seconds=20), []
    for number in range(10):
        volts, amps = dice.uniform(220, 240), dice.uniform(0.3, 0.8)
        at = begin + timedelta(seconds=2 * number)
        reading = {"voltage": volts, "current": amps, "power": volts * amps, "timestamp": at.isoformat()}
        answer = post(f"{api}/sensor/reading", {"deviceToken": token, "portId": port_id, **reading})
        assert (answer.status_code, answer.json()["data"]["portStatus"]) == (200, "active")
        powers.append(volts * amps)
    stored = get(f"{api}/port/{port_id}/history", **who)["readings"]
    assert [reading["power"] for reading in stored] == pytest.approx(powers, abs=0.001)
    eventually(lambda: get(f"{api}/port/{port_id}", **who)["latest"], "the newest reading is shown")
    assert get(f"{api}/phantom-event/list", **who)["events"] == []
