"""The main job, in the package as it ships: a phantom is found, cut, acknowledged and shown."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import Call, Device, Person, eventually, now_ms, reading
from tests.deployed.deployment import Deployed

SCHEDULED = {
    "id": "1",
    "version": "0",
    "account": "000000000000",
    "region": "us-east-1",
    "time": "2026-01-01T00:00:00Z",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "resources": [],
    "detail": {},
}


def phantom(person: Person, device: Device) -> dict[str, Any]:
    """A port that is cut at once, and a reading of it in standby."""
    port = person.port(device, policy="cut", dwellSeconds=0, thresholdWatts=10)
    answer = device.send([reading(port["portId"], now_ms(), 4.6)])
    assert [result["status"] for result in answer.body["results"]] == ["stored"]
    return port


def test_health_names_its_parts(call: Call) -> None:
    assert call("GET", "/health").body["status"] == "ok"


def test_a_claimed_device_gets_its_key_once(call: Call, person: Person) -> None:
    device_id = f"GW-{secrets.token_hex(6)}"
    claim = call("POST", "/device/claim", {"deviceId": device_id}).body
    approval = {"userCode": claim["userCode"], "deviceName": "Pi"}
    assert person.call("POST", "/device/claim/approve", approval).status == 200
    token = call("POST", "/device/claim/token", {"deviceCode": claim["deviceCode"]})
    device = Device(device_id, token.body["apiKey"], call)
    assert device.call("POST", "/device/heartbeat", {}).status == 200
    assert call("POST", "/device/claim/token", {"deviceCode": claim["deviceCode"]}).status == 400


def test_a_batch_sent_twice_is_stored_once(person: Person) -> None:
    device = person.device()
    port = person.port(device)
    sent = [reading(port["portId"], now_ms() - 2_000, 30), reading(port["portId"], now_ms(), 31)]
    first, second = (device.send(sent, "one").body["results"] for _ in range(2))
    assert [result["status"] for result in first] == ["stored", "stored"]
    assert [result["status"] for result in second] == ["duplicate", "duplicate"]


def test_the_stream_finds_a_phantom_and_cuts_it_and_the_device_acknowledges(person: Person) -> None:
    device = person.device()
    port = phantom(person, device)
    eventually(lambda: person.call("GET", "/phantom-event/list").body["events"], "the stream is examined")
    event = person.call("GET", "/phantom-event/list").body["events"][0]
    assert (event["portId"], event["actionTaken"]) == (port["portId"], "auto_cut")
    command = device.call("POST", "/device/heartbeat", {}).body["relays"][0]
    assert command["desired"] == "off"
    report = {"portId": port["portId"], "state": "off", "version": command["version"]}
    assert device.call("POST", "/device/heartbeat", {"relays": [report]}).status == 200
    assert person.call("GET", f"/port/{port['portId']}").body["relay"]["reported"] == "off"


def test_a_page_hears_of_a_cut(deployed: Deployed, person: Person) -> None:
    device = person.device()
    ticket = person.call("POST", "/live/ticket").body["ticket"]
    with connect(f"{deployed.live_url}?ticket={ticket}") as page:
        phantom(person, device)
        heard: list[dict[str, Any]] = []
        while not any(message["type"] == "notification" for message in heard):
            heard.append(json.loads(page.recv(timeout=60)))
    assert {"port", "reading"} <= {message["type"] for message in heard}


def test_a_page_without_a_ticket_is_not_let_in(deployed: Deployed) -> None:
    with pytest.raises(InvalidStatus), connect(f"{deployed.live_url}?ticket=made-up"):
        pass


def test_the_schedule_sweeps(deployed: Deployed) -> None:
    lambdas = deployed.emulator.client("lambda")
    answer = lambdas.invoke(FunctionName=deployed.resource("Sweep"), Payload=json.dumps(SCHEDULED))
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    assert {"offline", "purged"} <= set(result)
