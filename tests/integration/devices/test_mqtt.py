"""MQTT: the same verbs as over HTTP, answered on the device's commands topic; the authorizer's policy."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chalicelib.core.deadlines import Deadline
from chalicelib.core.errors import Unavailable
from chalicelib.core.schemas import Answer
from chalicelib.core.settings import settings
from chalicelib.deletion.store import load_deletion_requests
from chalicelib.deletion.worker import delete_requested
from chalicelib.devices import mqtt_authorization
from chalicelib.devices.model import MAX_MQTT_CLIENTS, parse_principal
from chalicelib.devices.store import load_device, save_device_keys
from chalicelib.entrypoints.mqtt import mqtt_authorize
from chalicelib.ports import store as ports
from chalicelib.ports.model import PortChanged
from chalicelib.readings import sensor_service
from chalicelib.readings.store import load_sensor_page
from chalicelib.realtime import device_channel
from chalicelib.realtime.relay_pushes import send_relay_commands
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.mqtt_permissions import allows
from tests.conftest import Device, Person, now_ms
from tests.integration.mqtt_events import authorize, principal_of, publish_as
from tests.integration.stream import Deliver

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What is published to devices."""
    published: Sent = []

    def note(device_id: str, answer: Answer) -> None:
        published.append((device_id, json.loads(msgspec.json.encode(answer))))

    monkeypatch.setattr(device_channel, "publish_to_device", note)
    return published


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The client ids whose connections are ended."""
    client_ids: list[str] = []

    def note(names: Iterable[str]) -> bool:
        client_ids.extend(names)
        return True

    monkeypatch.setattr(device_channel, "abort_mqtt_connections", note)
    return client_ids


def publish(device: Device, message: Any) -> None:
    """As the device that signed in."""
    publish_as(principal_of(device), device, message)


def reading(port: dict[str, Any], watts: float = 4.0) -> dict[str, Any]:
    return {"portId": port["portId"], "timestampMs": now_ms() - 1_000, "voltage": 230, "current": 0.1, "power": watts}


def test_a_batch_is_stored_and_answered_under_its_id(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    batch = {"batchId": "mqtt-1", "sentAtMs": now_ms(), "readings": [reading(port), {"portId": "nobody's"}]}
    publish(device, batch)
    publish(device, batch)
    (to, first), (_, again) = sent
    assert to == device.device_id
    assert first["batchId"] == "mqtt-1"
    assert [result["status"] for result in first["results"]] == ["stored", "rejected"]
    assert [result["status"] for result in again["results"]] == ["duplicate", "rejected"]
    assert first["relays"][0]["portId"] == port["portId"]


def test_one_reading_and_a_heartbeat_are_answered_as_over_http(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    publish(device, {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": 4})
    beats = {"sentAtMs": 1_795_000_000_000, "relays": [{"portId": port["portId"], "state": "on", "version": 0}]}
    publish(device, beats)
    (_, stored), (_, beat) = sent
    assert beat["sentAtMs"] == beats["sentAtMs"], "what tells an answer from a push"
    assert stored["data"]["reading"]["power"] == 4
    assert beat["success"]
    assert beat["relays"][0]["desired"] == "on"


def test_readings_that_held_and_meters_without_volts_are_taken_as_over_http(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    bare = reading(port) | {"voltage": None, "current": None}
    publish(device, {"batchId": "b", "sentAtMs": now_ms(), "readings": [bare | {"heldMs": 60_000}]})
    publish(device, {"batchId": "c", "sentAtMs": now_ms(), "readings": [bare | {"heldMs": 900_001}]})
    one = {"portId": port["portId"], "voltage": None, "current": None, "power": 4}
    publish(device, one | {"heldMs": 300_000})
    publish(device, one | {"heldMs": -1})
    batch, refused_in_batch, single, refused = [answer for _, answer in sent]
    assert [result["status"] for result in batch["results"]] == ["stored"]
    assert [(result["status"], result["field"]) for result in refused_in_batch["results"]] == [("rejected", "heldMs")]
    assert single["data"]["reading"]["heldMs"] == 300_000
    assert (refused["code"], refused["field"]) == ("invalid", "heldMs")
    assert batch["accepts"] == single["accepts"] == ["heldMs", "nullVolts"]


def test_a_timed_reading_that_comes_again_is_the_first_one(person: Person, sent: Sent) -> None:
    device = person.device()
    port = person.port(device)
    for watts in (4, 5):
        one = {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": watts, "timestamp": now_ms() // 1_000}
        publish(device, one | {"timestamp": "2026-11-20T10:00:00Z"})
    assert [answer["data"]["reading"]["power"] for _, answer in sent] == [4, 4]


def test_a_heartbeat_acknowledges_a_cut_and_tells_of_lost_readings(
    person: Person, sent: Sent, deliver: Deliver
) -> None:
    device = person.device()
    port = person.port(device, policy="cut", dwellSeconds=0, thresholdWatts=10)
    publish(device, {"portId": port["portId"], "voltage": 230, "current": 0.1, "power": 4})
    deliver()
    for dropped in (0, 7):
        report = {"portId": port["portId"], "state": "off", "version": 1}
        publish(device, {"relays": [report], "droppedReadings": dropped})
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
    publish(device, message)
    assert sent[0][1]["success"], sent
    device_uid = device_uid_of(device)
    (log,), _ = load_sensor_page(device_uid, 0, now_ms() + 1, 10, None)
    assert log.values == {"temperature": 23.5, "humidity": 55, "pressure": 1013.25}


def device_uid_of(device: Device) -> str:
    found = load_device(device.device_id)
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
    publish(person.device(), message)
    ((_, answer),) = sent
    assert answer["success"] is False
    assert (answer["code"], answer.get("field"), answer.get("batchId")) == (code, field, batch_id)


def test_what_only_failed_now_raises_so_that_it_comes_again(
    person: Person, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = person.device()

    def down(*_: object) -> None:
        raise Unavailable("down", code="database_unavailable")

    monkeypatch.setattr(sensor_service, "add_sensor_log", down)
    with pytest.raises(Unavailable):
        publish(device, {"temperature": 1})
    assert not sent


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


def test_the_principal_names_device_and_key_in_letters_and_digits(person: Person) -> None:
    """Source of the form: AWS IoT Core Developer Guide, "Defining your Lambda function"."""
    device = person.device()
    first = principal_of(device)
    assert re.fullmatch("[a-zA-Z0-9]{1,128}", first)
    rotated = with_new_key(person, device)
    second = principal_of(rotated)
    assert first != second
    assert parse_principal(first)[0] == parse_principal(second)[0] == device_uid_of(device)


def with_new_key(person: Person, device: Device) -> Device:
    key = person.call("POST", f"/device/{device.device_id}/key").body["apiKey"]
    return Device(device.device_id, key, device.call_entry)


def released(person: Person, device: Device) -> None:
    assert person.call("DELETE", f"/device/{device.device_id}").status == 200


def rotated_away(person: Person, device: Device) -> None:
    assert with_new_key(person, device).call("POST", "/device/heartbeat").status == 200


def account_closed(person: Person, _: Device) -> None:
    assert person.call("DELETE", "/account", {"currentPassword": person.password}).status == 202


@pytest.mark.parametrize("end", [released, rotated_away, account_closed])
@pytest.mark.parametrize("again", [False, True])
def test_what_comes_by_a_key_that_has_ended_is_nobody_s(
    person: Person, stranger: Person, sent: Sent, ended: list[str],
    end: Callable[[Person, Device], None], again: bool,
) -> None:  # fmt: skip
    """Nor is it answered: the topic may be another owner's by now. `again`: with another owner it is."""
    device = person.device()
    device.call("POST", "/device/heartbeat")
    principal = principal_of(device)
    end(person, device)
    owner = person if end is rotated_away else stranger
    if again and end is not rotated_away:
        body = {"deviceId": device.device_id}
        Device(device.device_id, owner.call("POST", "/device/register", body).body["apiKey"], device.call_entry)
        port_id = owner.call("POST", "/port", {"deviceId": device.device_id, "name": "Lamp"}).body["portId"]
        publish_as(principal, device, {"portId": port_id, "voltage": 230, "current": 1, "power": 1234})
        publish_as(principal, device, {"relays": [{"portId": port_id, "state": "on", "version": 0}]})
        assert owner.call("GET", f"/port/{port_id}").body["relay"]["reported"] is None
        assert not owner.call("GET", f"/port/{port_id}/history").body["readings"]
    ended.clear()
    publish_as(principal, device, {"temperature": 1}, client_id="kitchen")
    assert not sent
    assert ended == ["kitchen"], "its connection is"
    if found := load_device(device.device_id):
        assert not load_sensor_page(found.device_uid, 0, now_ms() + 1, 10, None)[0]


@pytest.mark.parametrize("principal", [None, "", "k", "made-up", "AIDAEXAMPLE:session"])
def test_what_comes_from_nobody_is_not_stored(
    person: Person, sent: Sent, ended: list[str], principal: str | None
) -> None:
    device = person.device()
    publish_as(principal, device, {"temperature": 1})
    assert not sent
    assert not load_sensor_page(device_uid_of(device), 0, now_ms() + 1, 10, None)[0]
    assert ended == ["" if principal is None else device.device_id]


def test_a_key_is_refused_from_its_end_on(person: Person, sent: Sent, ended: list[str]) -> None:
    device = person.device()
    principal, known = principal_of(device), load_device(device.device_id)
    assert known is not None
    assert save_device_keys(known, replace(known.keys, current_expires_at_ms=now_ms() + 60_000))
    publish_as(principal, device, {"temperature": 1})
    assert sent[-1][1]["success"]
    known = load_device(device.device_id)
    assert known is not None
    assert save_device_keys(known, replace(known.keys, current_expires_at_ms=now_ms() - 1))
    publish_as(principal, device, {"temperature": 2})
    assert len(sent) == 1
    assert ended == [device.device_id]


@pytest.mark.parametrize(
    ("least_seconds", "left_seconds", "expected"),
    [
        (300, None, (300, 86_400)),
        (300, 3_600, (300, 3_600)),
        (300, 60, (300, 300)),
        (1, 60, (60, 60)),
        (1, 0.5, (1, 1)),
    ],
)
def test_a_connection_lives_no_longer_than_its_key(
    person: Person, monkeypatch: pytest.MonkeyPatch,
    least_seconds: int, left_seconds: float | None, expected: tuple[int, int],
) -> None:  # fmt: skip
    """AWS IoT takes no less than 300 s."""
    device = person.device()
    device.call("POST", "/device/heartbeat")
    if left_seconds is not None:
        known = load_device(device.device_id)
        assert known is not None
        at_ms = now_ms() + 20_000 + int(left_seconds * 1_000)
        assert save_device_keys(known, replace(known.keys, current_expires_at_ms=at_ms))
        monkeypatch.setattr(time, "time_ns", lambda: (at_ms - int(left_seconds * 1_000)) * 1_000_000)
    monkeypatch.setattr(mqtt_authorization, "settings", lambda: replace(settings(), mqtt_least_seconds=least_seconds))
    answer = authorize(device.device_id, device.api_key)
    assert (answer["refreshAfterInSeconds"], answer["disconnectAfterInSeconds"]) == expected


@pytest.mark.parametrize("end", [released, rotated_away, account_closed])
def test_its_connections_are_ended_with_a_key(
    person: Person, ended: list[str], end: Callable[[Person, Device], None]
) -> None:
    device = person.device()
    for client_id in (device.device_id, "kitchen", "", "$odd", "x" * 200):
        assert authorize(device.device_id, device.api_key, client_id)["isAuthenticated"]
    for _ in range(2 * MAX_MQTT_CLIENTS):
        assert authorize(device.device_id, device.api_key, secrets.token_hex(4))["isAuthenticated"]
    assert authorize(device.device_id, device.api_key, "kitchen")["isAuthenticated"]
    ended.clear()
    end(person, device)
    assert {device.device_id, "kitchen"} <= set(ended)
    assert len(ended) == 1 + MAX_MQTT_CLIENTS
    if end is not rotated_away:
        ended.clear()
        delete_requested(Deadline(600), now_ms())
        assert {device.device_id, "kitchen"} <= set(ended), "once more, for one that was just signing in"


def test_a_connection_that_cannot_be_ended_holds_up_neither_release_nor_purge(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, tried = person.device(), list[str]()

    def fail(names: Iterable[str]) -> bool:
        tried.extend(names)
        return False

    monkeypatch.setattr(device_channel, "abort_mqtt_connections", fail)
    released(person, device)
    delete_requested(Deadline(600), now_ms())
    assert tried.count(device.device_id) == 2, "at once, and once more"
    assert f"mqtt#{device.device_id}" not in load_deletion_requests(10_000)


def test_a_device_is_sent_no_command_that_nobody_may_hear(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    device, sent = person.device(), list[str]()
    port_id = person.port(device)["portId"]
    monkeypatch.setattr(device_channel, "settings", lambda: replace(settings(), iot_endpoint="http://nowhere"))
    monkeypatch.setattr(device_channel, "publish_to_device", lambda device_id, _answer: sent.append(device_id))
    port = ports.load_port(port_id)
    assert port is not None
    send_relay_commands([PortChanged(port)], Deadline(60))
    assert sent == [device.device_id]
    known = load_device(device.device_id)
    assert known is not None
    assert save_device_keys(known, replace(known.keys, next_expires_at_ms=now_ms() - 1))
    send_relay_commands([PortChanged(port)], Deadline(60))
    send_relay_commands([PortChanged(replace(port, device_uid="another's"))], Deadline(60))
    assert sent == [device.device_id], "its key has ended, or it has changed hands"


ODD_PAYLOADS: list[tuple[Any, str, str | None]] = [
    ({"temperature": "23.5"}, "invalid", "sensors.temperature"),
    ({"temperature": None}, "invalid", "sensors.temperature"),
    ({"temperature": True}, "invalid", "sensors.temperature"),
    ({"temperature": {"value": 23.5}}, "invalid", "sensors.temperature"),
    ({"temperature": [23.5]}, "invalid", "sensors.temperature"),
    ({"temperature": 1e16}, "invalid", "sensors.temperature"),
    ({"Time": "2026-11-20T10:00:00", "ENERGY": {"Power": 4}}, "invalid", "sensors.Time"),
    ({"ENERGY": {"Power": 4, "Total": 1.2}}, "invalid", "sensors.ENERGY"),
    ({"power": 4, "state": "ON"}, "invalid", "sensors.state"),
    ({"linkquality": 120, "update": {"state": "idle"}}, "invalid", "sensors.update"),
    ({"apower": 4.1, "aenergy": {"total": 1}}, "invalid", "sensors.aenergy"),
    ({"id": 0, "source": "init", "output": True}, "invalid", "sensors.source"),
    ({"": 1}, "invalid", "sensors"),
    ({"x" * 65: 1}, "invalid", "sensors"),
    ({f"s{number}": 1 for number in range(65)}, "invalid", "sensors"),
    ({"temperature": 1, "timestamp": "yesterday"}, "invalid", "timestamp"),
    ({"temperature": 1, "timestamp": {"s": 1}}, "invalid", "timestamp"),
    ({"sensors": 5}, "invalid", "sensors"),
    ({"sensors": None}, "invalid", "sensors"),
    ({"sensors": {"a": "b"}}, "invalid", "sensors.a"),
    ({"portId": None, "power": 1}, "invalid", "portId"),
    ({"portId": "p", "voltage": "230", "current": 1, "power": 1}, "invalid", "voltage"),
    ({"readings": {}}, "invalid", None),
    ({"relays": [{"portId": "p", "state": "on"}]}, "invalid", "relays"),
    (b'{"temperature": NaN}', "bad_json", None),
    (b"23.5", "invalid", None),
    (b'"on"', "invalid", None),
    (b"online", "bad_json", None),
    (b"\xff\xfe", "bad_json", None),
]
"""As plugs, bridges and firmwares send them; none of them is one of our five kinds."""


@pytest.mark.parametrize(("message", "code", "field"), ODD_PAYLOADS)
def test_what_other_programs_send_is_refused_and_the_field_named(
    person: Person, sent: Sent, message: Any, code: str, field: str | None
) -> None:
    publish(person.device(), message)
    ((_, answer),) = sent
    assert answer["success"] is False
    assert answer["error"]
    assert answer["code"] == code, answer
    assert field is None or answer["field"].startswith(field), answer
