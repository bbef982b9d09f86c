"""MQTT: the same verbs as over HTTP, answered on the device's commands topic; the authorizer's policy."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.events.mqtt import mqtt_authorize, mqtt_data
from chalicelib.services.push import commands
from chalicelib.storage import devices
from chalicelib.storage import readings as reading_store
from chalicelib.wire.base import Answer
from infra.local.iot_policy import allows
from infra.local.lambda_context import LambdaContext
from tests.conftest import Device, Person, now_ms
from tests.integration.events.conftest import Deliver

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What is published to devices."""
    published: Sent = []

    def note(device_id: str, answer: Answer) -> None:
        published.append((device_id, json.loads(msgspec.json.encode(answer))))

    monkeypatch.setattr(commands, "send", note)
    return published


def publish(device_id: str, message: Any) -> None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    event = {"deviceId": device_id, "payload": base64.b64encode(payload).decode(), "receivedAtMs": now_ms()}
    mqtt_data(event, LambdaContext("mqtt_data"))


def reading(port: dict[str, Any], watts: float = 4.0) -> dict[str, Any]:
    return {"portId": port["portId"], "timestampMs": now_ms() - 1_000, "voltage": 230, "current": 0.1, "power": watts}


def test_a_batch_is_stored_and_answered_under_its_id(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    batch = {"batchId": "mqtt-1", "sentAtMs": now_ms(), "readings": [reading(port), {"portId": "nobody's"}]}
    publish(device.device_id, batch)
    publish(device.device_id, batch)
    (to, first), (_, again) = sent
    assert to == device.device_id
    assert first["batchId"] == "mqtt-1"
    assert [result["status"] for result in first["results"]] == ["stored", "rejected"]
    assert [result["status"] for result in again["results"]] == ["duplicate", "rejected"]
    assert first["relays"][0]["portId"] == port["portId"]


def test_one_reading_and_a_heartbeat_are_answered_as_over_http(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    publish(device.device_id, {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": 4})
    beats = {"sentAtMs": 1_795_000_000_000, "relays": [{"portId": port["portId"], "state": "on", "version": 0}]}
    publish(device.device_id, beats)
    (_, stored), (_, beat) = sent
    assert beat["sentAtMs"] == beats["sentAtMs"], "what tells an answer from a push"
    assert stored["data"]["reading"]["power"] == 4
    assert beat["success"]
    assert beat["relays"][0]["desired"] == "on"


def test_a_timed_reading_that_comes_again_is_the_first_one(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    for watts in (4, 5):
        one = {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": watts, "timestamp": now_ms() // 1_000}
        publish(device.device_id, one | {"timestamp": "2026-11-20T10:00:00Z"})
    assert [answer["data"]["reading"]["power"] for _, answer in sent] == [4, 4]


def test_a_heartbeat_acknowledges_a_cut_and_tells_of_lost_readings(
    person: Person, sent: Sent, deliver: Deliver
) -> None:
    device = person.device()
    port = person.port(device, policy="cut", dwellSeconds=0, thresholdWatts=10)
    publish(device.device_id, {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": 4})
    deliver()
    for dropped in (0, 7):
        report = {"portId": port["portId"], "state": "off", "version": 1}
        publish(device.device_id, {"relays": [report], "droppedReadings": dropped})
    assert all(answer["success"] for _, answer in sent)
    assert person.call("GET", f"/port/{port['portId']}").body["relay"]["reported"] == "off"
    told = person.call("GET", "/notification/list").body["notifications"]
    assert "spool_dropped" in {entry["kind"] for entry in told}, told


@pytest.mark.parametrize(
    "message",
    [
        {"temperature": 23.5, "humidity": 55, "pressure": 1013.25},
        {"temperature": 23.5, "humidity": 55, "pressure": 1013.25, "timestamp": "2026-11-20T10:00:00Z"},
        {"sensors": {"temperature": 23.5, "humidity": 55, "pressure": 1013.25}},
    ],
)
def test_free_sensors_come_as_a_bare_map_or_as_over_http(person: Person, sent: Sent, message: dict[str, Any]) -> None:
    device = person.device()
    publish(device.device_id, message)
    assert sent[0][1]["success"], sent
    device_uid = device_uid_of(device)
    (log,), _ = reading_store.sensor_page(device_uid, 0, now_ms() + 1, 10, None)
    assert log.values == {"temperature": 23.5, "humidity": 55, "pressure": 1013.25}


def device_uid_of(device: Device) -> str:
    found = devices.load(device.device_id)
    assert found is not None
    return found.device_uid


@pytest.mark.parametrize(
    ("message", "code", "field", "batch_id"),
    [
        (b"garbage", "bad_json", None, None),
        (b"", "empty_body", None, None),
        ([1, 2], "invalid", None, None),
        ({}, "invalid", "sensors", None),
        ({"temperature": "warm"}, "invalid", "sensors.temperature", None),
        ({"batchId": "b-9", "readings": []}, "invalid", "sentAtMs", "b-9"),
        ({"portId": "nobody's", "voltage": 1, "current": 1, "power": 1}, "not_found", None, None),
    ],
)
def test_what_is_wrong_is_told_to_the_device(
    person: Person, sent: Sent, message: Any, code: str, field: str | None, batch_id: str | None
) -> None:
    publish(person.device().device_id, message)
    ((_, answer),) = sent
    assert answer["success"] is False
    assert (answer["code"], answer.get("field"), answer.get("batchId")) == (code, field, batch_id)


def test_what_only_failed_now_raises_so_that_it_comes_again(
    person: Person, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = person.device()

    def down(*_: object) -> None:
        raise Unavailable("down", code="database_unavailable")

    monkeypatch.setattr(reading_store, "add_sensors", down)
    with pytest.raises(Unavailable):
        publish(device.device_id, {"temperature": 1})
    assert not sent


def authorize(user_name: str, password: str, client_id: str = "any") -> dict[str, Any]:
    said = {"username": user_name, "password": base64.b64encode(password.encode()).decode(), "clientId": client_id}
    answer: dict[str, Any] = mqtt_authorize({"protocolData": {"mqtt": said}}, LambdaContext("mqtt_authorize"))
    return answer


def test_a_device_may_use_its_own_two_topics_and_nothing_else(person: Person) -> None:
    device = person.device()
    answer = authorize(f"{device.device_id}?x-amz-customauthorizer-name=x", device.api_key)
    assert answer["isAuthenticated"]
    assert answer["principalId"].isalnum()
    policies, own = answer["policyDocuments"], f"iot/devices/{device.device_id}"
    assert allows(policies, "iot:Connect", "client/any")
    assert allows(policies, "iot:Publish", f"topic/{own}/data")
    assert allows(policies, "iot:Subscribe", f"topicfilter/{own}/commands")
    assert allows(policies, "iot:Receive", f"topic/{own}/commands")
    for action, thing in [
        ("iot:Connect", "client/other"),
        ("iot:Publish", f"topic/{own}/commands"),
        ("iot:Publish", f"topic/{own}/data/more"),
        ("iot:Publish", "topic/iot/devices/GW-other/data"),
        ("iot:Subscribe", "topicfilter/#"),
        ("iot:Subscribe", "topicfilter/iot/devices/+/commands"),
        ("iot:Receive", f"topic/{own}/data"),
        ("iot:RetainPublish", f"topic/{own}/data"),
    ]:
        assert not allows(policies, action, thing), (action, thing)


def test_nobody_else_gets_in(person: Person, stranger: Person) -> None:
    device, other = person.device(), stranger.device()
    assert not authorize(device.device_id, other.api_key)["isAuthenticated"]
    assert not authorize(device.device_id, "")["isAuthenticated"]
    assert not authorize("", device.api_key)["isAuthenticated"]
    assert not mqtt_authorize({}, LambdaContext("mqtt_authorize"))["isAuthenticated"]
    assert not mqtt_authorize({"protocolData": {"mqtt": {"username": 1}}}, LambdaContext("x"))["isAuthenticated"]


def test_a_device_cannot_take_the_client_id_of_another(person: Person, stranger: Person) -> None:
    """A broker ends the older of two connections with one client id."""
    device, other = person.device(), stranger.device()
    assert not authorize(device.device_id, device.api_key, other.device_id)["isAuthenticated"]
    assert authorize(device.device_id, device.api_key, device.device_id)["isAuthenticated"]
