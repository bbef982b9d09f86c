"""The scripts in examples/, each run as its guide says."""

from __future__ import annotations

import json
import os
import pty
import secrets
import shutil
import socket
import sys
import tty
from typing import Any

import pytest
import requests

from tests.conftest import Call, Device, Person, eventually
from tests.integration.examples.conftest import WAIT_SECONDS, Place, Run


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def readings(person: Person, port_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.call("GET", f"/port/{port_id}/history").body["readings"]
    return found


def test_the_simulators_readings_are_stored(place: Place, run: Run, person: Person, device: Device) -> None:
    port_id = person.port(device)["portId"]
    simulator = run([sys.executable, str(place.copy("sensor_simulator.py")), device.api_key, port_id])
    for _ in range(2):
        assert "active" in simulator.hear("W:")
    stored = readings(person, port_id)
    assert len(stored) >= 2
    assert all(220 * 0.3 - 1 <= reading["power"] <= 240 * 0.8 + 1 for reading in stored)


def test_the_simulator_is_short(place: Place) -> None:
    code = [line for line in place.copy("sensor_simulator.py").read_text().splitlines() if line.strip()]
    assert len(code) <= 30


def test_the_pis_sensors_are_listed(place: Place, run: Run, person: Person, device: Device) -> None:
    sender = run([sys.executable, str(place.copy("pi_sender.py")), "--env", "local"], GHOSTWATT_KEY=device.api_key)
    sender.hear("sent")
    eventually(lambda: "load" in person.call("GET", "/devices").body[0], "the sensors are listed")


def test_the_pi_sends_later_what_it_could_not_send(place: Place, run: Run, person: Person, device: Device) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        changes = {"SECONDS = 10": "SECONDS = 0.2", "https://ghostwatt.example": away}
        copy = place.copy("pi_sender.py", changes)
        sender = run([sys.executable, str(copy), "--env", "cloud"], GHOSTWATT_KEY=device.api_key)
        sender.hear("2 waiting")
    assert person.call("GET", f"/device/{device.device_id}/data").body["data"] == []


def test_an_arduinos_lines_become_readings(place: Place, run: Run, person: Person, device: Device) -> None:
    port_id = person.port(device)["portId"]
    arduino, line = pty.openpty()
    tty.setraw(line)
    copy = place.copy("arduino_serial.py")
    sender = run([sys.executable, str(copy), device.api_key, port_id, os.ttyname(line)])
    measured = json.dumps({"voltage": 230.1, "current": 0.4, "power": 92.0}).encode()

    def is_stored() -> bool:
        """The Arduino goes on measuring: what it says before the script listens is lost."""
        os.write(arduino, b'ltage": 1}\r\n' + measured + b"\r\n")
        return bool(readings(person, port_id))

    eventually(is_stored, "the reading is stored")
    assert {reading["power"] for reading in readings(person, port_id)} == {92.0}
    sender.hear("skipped")
    sender.hear("92.0 W")
    os.close(arduino)
    os.close(line)


def test_the_device_shows_its_id_takes_its_key_and_beats(place: Place, run: Run, person: Person) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    local = f"http://127.0.0.1:{port}"
    script = run([sys.executable, str(place.copy("device.py", {"port=5000": f"port={port}"}))])
    script.hear("Running on")
    shown = requests.get(f"{local}/device-id", timeout=WAIT_SECONDS).json()
    assert (shown["success"], shown["registered"]) == (True, False)
    assert requests.get(f"{local}/device-id", timeout=WAIT_SECONDS).json()["deviceId"] == shown["deviceId"]

    body = {"deviceId": shown["deviceId"], "deviceName": "Living room"}
    key = {"apiKey": person.call("POST", "/device/register", body).body["apiKey"]}
    foreign = {"Origin": "https://evil.example"}
    refused = requests.post(f"{local}/save-api-key", json=key, headers=foreign, timeout=WAIT_SECONDS)
    assert (refused.status_code, refused.json()["code"]) == (403, "bad_origin")
    saved = requests.post(f"{local}/save-api-key", json=key, timeout=WAIT_SECONDS).json()
    assert (saved["success"], saved["registered"]) == (True, True)
    script.hear("heartbeat: 200")
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert (listed["deviceId"], listed["status"], listed["name"]) == (shown["deviceId"], "online", "Living room")


def test_curls_whole_way_stores_a_reading(place: Place, run: Run, call: Call) -> None:
    email, password = f"{secrets.token_hex(6)}@example.org", secrets.token_hex(8)
    script = run(["sh", str(place.copy("curl.sh")), email, password])
    assert script.process.wait(WAIT_SECONDS) == 0
    session = call("POST", "/account/login", {"email": email, "password": password}).body["sessionToken"]
    (port,) = call("GET", "/port/list", x_session_token=session).body["ports"]
    assert port["name"] == "Kettle"
    history = call("GET", f"/port/{port['portId']}/history", x_session_token=session).body
    assert [reading["power"] for reading in history["readings"]] == [92]


def test_mosquittos_clients_send_sensors_and_hear_the_answer(
    place: Place, run: Run, person: Person, device: Device
) -> None:
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto-clients is missing: apt-get install mosquitto-clients")
    copy = place.copy("mosquitto.sh", {"PORT=1883": f"PORT={place.mqtt_port}"})
    script = run(["sh", str(copy), device.device_id, device.api_key])
    assert json.loads(script.hear("success"))["success"] is True
    eventually(lambda: person.call("GET", "/devices").body[0].get("pressure") == 1013.25, "the sensors are listed")
