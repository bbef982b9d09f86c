"""Devices: registration, keys, heartbeat, lists, names, free sensors; and what strangers get."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest

from chalicelib.core.times import iso
from chalicelib.devices import device_list
from chalicelib.devices.presence_store import save_call
from chalicelib.devices.store import load_device
from tests.conftest import Call, Device, Person, now_ms


def test_a_registered_device_shows_up_in_both_lists(person: Person) -> None:
    device = person.device("Kitchen Pi")
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert (listed["deviceId"], listed["name"], listed["status"]) == (device.device_id, "Kitchen Pi", "offline")
    (plain,) = person.call("GET", "/devices").body
    assert plain == {"device_id": device.device_id, "name": "Kitchen Pi", "status": "offline", "last_seen": None}


def test_registering_again_rotates_the_key_and_the_old_one_lives_until_the_new_is_used(person: Person) -> None:
    device = person.device()
    assert device.call("POST", "/device/heartbeat").status == 200
    again = person.call("POST", "/device/register", {"deviceId": device.device_id}).body["apiKey"]
    assert again != device.api_key
    assert device.call("POST", "/device/heartbeat").status == 200
    assert device.call_entry("POST", "/device/heartbeat", {}, Authorization=f"Device {again}").status == 200
    assert device.call("POST", "/device/heartbeat").status == 401


def test_a_key_that_nobody_used_yet_also_lives_until_the_next_one_is_used(person: Person) -> None:
    device = person.device()
    again = person.call("POST", "/device/register", {"deviceId": device.device_id}).body["apiKey"]
    assert device.call("POST", "/device/heartbeat").status == 200
    assert device.call_entry("POST", "/device/heartbeat", {}, Authorization=f"Device {again}").status == 200
    assert device.call("POST", "/device/heartbeat").status == 401


def test_somebody_elses_device_is_409_and_shows_no_key(person: Person, stranger: Person) -> None:
    device = person.device()
    answer = stranger.call("POST", "/device/register", {"deviceId": device.device_id})
    assert (answer.status, answer.body["code"]) == (409, "owned")
    assert "apiKey" not in answer.body


@pytest.mark.parametrize(
    "device_id", ["abc", "list", "claim", "register", "heartbeat", "data", "a b c d", "x" * 129, "abcd\n", ""]
)
def test_a_device_id_that_is_not_allowed_is_422_and_named(person: Person, device_id: str) -> None:
    answer = person.call("POST", "/device/register", {"deviceId": device_id})
    assert (answer.status, answer.body["field"]) == (422, "deviceId")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "tab\there", 7, None])
def test_a_name_that_is_not_allowed_is_422_and_named(person: Person, name: Any) -> None:
    answer = person.call("POST", "/device/register", {"deviceId": "GW-good", "deviceName": name})
    assert (answer.status, answer.body["field"]) == (422, "deviceName")


def test_a_heartbeat_makes_it_online_and_is_answered_with_the_device_reply(person: Person) -> None:
    device = person.device()
    port = person.port(device)
    answer = device.call("POST", "/device/heartbeat")
    assert answer.status == 200
    assert answer.body["relays"] == [{"portId": port["portId"], "channel": 1, "desired": "on", "version": 0}]
    assert answer.body["heartbeatSeconds"] <= 60
    assert abs(answer.body["serverTimeMs"] - now_ms()) < 5_000
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert listed["status"] == "online"


def test_the_device_that_called_last_comes_first_and_pages_follow_each_other(person: Person) -> None:
    devices = [person.device(f"Pi {number}") for number in range(3)]
    devices[1].call("POST", "/device/heartbeat")
    first = person.call("GET", "/device/list?limit=2").body
    assert first["devices"][0]["deviceId"] == devices[1].device_id
    second = person.call("GET", f"/device/list?limit=2&cursor={first['cursor']}").body
    assert second["cursor"] is None
    found = [device["deviceId"] for device in first["devices"] + second["devices"]]
    assert sorted(found) == sorted(device.device_id for device in devices)


@pytest.mark.parametrize("few", [0, 50])
def test_devices_that_call_between_two_pages_are_neither_skipped_nor_shown_twice(
    person: Person, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(device_list, "FEW", few)
    made = [person.device(f"Pi {number}") for number in range(6)]
    began_ms = now_ms()
    for age, device in enumerate(made[:5]):  # the sixth has never called
        called(device, began_ms - (age + 1) * 60_000)
    listed: list[str] = []
    cursor: str | None = ""
    for _ in range(3):
        page = person.call("GET", f"/device/list?limit=2&cursor={cursor}").body
        listed += [device["deviceId"] for device in page["devices"]]
        cursor = page["cursor"]
        if len(listed) == 2:
            for device in reversed(made):
                called(device, now_ms() + 1)
    assert cursor is None
    assert listed == [device.device_id for device in made]


def test_a_device_that_calls_twice_between_two_pages_is_not_skipped(person: Person) -> None:
    made = [person.device(f"Pi {number}") for number in range(4)]
    began_ms = now_ms()
    for age, device in enumerate(made):
        called(device, began_ms - (age + 1) * 60_000)
    first = person.call("GET", "/device/list?limit=2").body
    for later_ms in (60_000, 120_000):
        called(made[2], began_ms + later_ms)
    second = person.call("GET", f"/device/list?limit=2&cursor={first['cursor']}").body
    assert [device["deviceId"] for device in second["devices"]] == [made[3].device_id, made[2].device_id]


def called(device: Device, at_ms: int) -> None:
    """The device called at a time."""
    loaded = load_device(device.device_id)
    assert loaded is not None
    assert save_call(loaded, loaded.presence, at_ms)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5", "9" * 30, "٣"])
def test_a_limit_out_of_range_is_422(person: Person, limit: str) -> None:
    answer = person.call("GET", f"/device/list?limit={limit}")
    assert (answer.status, answer.body["field"]) == (422, "limit")


@pytest.mark.parametrize("few", [0, 2, 5, 50])
def test_however_many_devices_are_read_at_once_the_list_is_the_same(
    person: Person, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(device_list, "FEW", few)
    made = [person.device(f"Pi {number}") for number in range(5)]
    for device in (made[3], made[0], made[4]):
        device.call("POST", "/device/heartbeat")
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = person.call("GET", f"/device/list?limit=2&cursor={cursor}").body
        listed += [device["deviceId"] for device in page["devices"]]
        cursor = page["cursor"]
    silent = sorted(device.device_id for device in (made[1], made[2]))
    assert listed == [made[4].device_id, made[0].device_id, made[3].device_id, *silent]


FORGED: list[bytes] = [
    b"nonsense",
    b"\xff\xfe\x00",
    b"{}",
    b"[]",
    b"null",
    b"NaN",
    b"-1",
    b"0",
    b"9" * 5_000,
    b"1e999",
    b'{"owner_id": 5}',
    b'{"owner_id": {"S": 5}}',
    b'{"owner_id": {"S": "\\ud800"}}',
    b'{"owner_id": {"X": "a"}}',
    b'{"owner_id": {"BOOL": "true"}}',
    b'{"owner_id": {"S": ""}}',
    b'{"owner_id": {"S": "a"}, "event_id": {"N": "NaN"}}',
    b'{"owner_id": {"S": "a"}, "event_id": {"S": "b"}, "port_id": {"B": "!"}}',
    b'{"owner_id": {"S": "a"}, "event_id": {"N": "' + b"9" * 400 + b'"}}',
    b'{"device_uid": {"S": "a"}, "chunk_id": {"S": "b"}, "time_key": {"M": "c"}}',
    b"raw 99999999999999999999",
    b"raw -1",
    b"1h NaN",
    "raw ١٢".encode(),
]


@pytest.mark.parametrize(
    "path",
    [
        "/device/list",
        "/port/list",
        "/phantom-event/list",
        "/phantom-event/list?portId={portId}",
        "/notification/list",
        "/device/{deviceId}/data",
        "/port/{portId}/history",
        "/port/{portId}/history?resolution=1h",
    ],
)
def test_a_forged_cursor_is_422(person: Person, path: str) -> None:
    device = person.device()
    filled = path.format(portId=person.port(device)["portId"], deviceId=device.device_id)
    for forged in [base64.urlsafe_b64encode(text).decode() for text in FORGED] + ["!", "%C3%A4", "a", "%00"]:
        answer = person.call("GET", f"{filled}{'&' if '?' in filled else '?'}cursor={forged}")
        assert (answer.status, answer.body.get("field")) == (422, "cursor"), forged


def test_another_users_device_is_404_for_every_verb(person: Person, stranger: Person) -> None:
    device_id = person.device().device_id
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/device/{device_id}", None),
        ("PATCH", f"/device/{device_id}", {"name": "Mine"}),
        ("DELETE", f"/device/{device_id}", None),
        ("POST", f"/device/{device_id}/key", {}),
        ("GET", f"/device/{device_id}/data", None),
        ("POST", "/port", {"deviceId": device_id, "name": "Mine"}),
    ]
    answers = [stranger.call(*call) for call in calls]
    assert [(answer.status, answer.body["code"]) for answer in answers] == [(404, "not_found")] * len(calls)
    assert person.call("GET", f"/device/{device_id}").body["device"]["name"] == "My Pi"


@pytest.mark.parametrize(
    "authorization",
    ["", "Device", "Device ", "Device nonsense", "Device gwk.nobody.secret", "Bearer x", "device gwk.a"],
)
def test_without_a_valid_key_a_device_is_401(call: Call, authorization: str) -> None:
    for path in ("/device/heartbeat", "/device/data", "/sensor/readings"):
        assert call("POST", path, {}, Authorization=authorization).status == 401


def test_an_endless_id_is_like_any_unknown_one(call: Call, person: Person) -> None:
    endless = "x" * 3_000
    for path in (f"/device/{endless}", f"/port/{endless}", f"/phantom-event/list?portId={endless}"):
        assert person.call("GET", path).status == 404
    assert call("POST", "/device/heartbeat", Authorization=f"Device gwk.{endless}.y").status == 401


def test_a_renamed_device_has_its_new_name(person: Person) -> None:
    device = person.device()
    answer = person.call("PATCH", f"/device/{device.device_id}", {"name": "Cellar ☃"})
    assert answer.body["device"]["name"] == "Cellar ☃"


def test_a_released_device_is_dead_at_once_and_its_next_owner_sees_nothing_of_it(
    person: Person, stranger: Person
) -> None:
    device = person.device()
    device.call("POST", "/device/data", {"sensors": {"temperature": 21.5}})
    assert person.call("DELETE", f"/device/{device.device_id}").status == 200
    assert device.call("POST", "/device/heartbeat").status == 401
    assert person.call("GET", f"/device/{device.device_id}").status == 404
    stranger.call("POST", "/device/register", {"deviceId": device.device_id})
    assert stranger.call("GET", f"/device/{device.device_id}/data").body["data"] == []


def test_a_key_may_be_given_an_end(person: Person) -> None:
    device = person.device()
    answer = person.call("POST", f"/device/{device.device_id}/key", {"expiresInDays": 1})
    assert answer.body["apiKey"].startswith(f"gwk.{device.device_id}.")
    assert person.call("POST", f"/device/{device.device_id}/key", {"expiresInDays": 0}).body["field"] == "expiresInDays"


def test_the_dashboard_guides_form_of_registration(person: Person) -> None:
    device_id = f"sensor-{secrets.token_hex(4)}"
    added = person.call("POST", "/devices", {"device_id": device_id, "name": "Greenhouse"})
    assert (added.status, bool(added.body["message"])) == (201, True)
    again = person.call("POST", "/devices", {"device_id": device_id, "name": "Greenhouse"})
    assert (again.status, bool(again.body["error"])) == (400, True)


def test_free_sensors_are_kept_and_shown_by_name(person: Person) -> None:
    device = person.device()
    values = {"temperature": 23.5, "humidity": 55, "name": 7}
    sent = {"sensors": values, "timestamp": _iso(now_ms() - 60_000)}
    assert device.call("POST", "/device/data", sent).status == 200
    assert device.call("POST", "/device/data", sent).status == 200
    (log,) = person.call("GET", f"/device/{device.device_id}/data").body["data"]
    assert log["sensors"] == {"temperature": 23.5, "humidity": 55, "name": 7}


def _iso(at_ms: int) -> str:
    """As a naive client writes it: no offset."""
    return iso(at_ms).removesuffix("Z")


def test_sensor_data_without_a_time_is_always_new(person: Person) -> None:
    device = person.device()
    for _ in range(3):
        device.call("POST", "/device/data", {"sensors": {"t": 1}})
    assert len(person.call("GET", f"/device/{device.device_id}/data").body["data"]) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sensors": {}}, "sensors"),
        ({"sensors": {"t": "warm"}}, "sensors"),
        ({"sensors": {"t": True}}, "sensors"),
        ({"sensors": {"t": 1e16}}, "sensors"),
        ({"sensors": {"": 1}}, "sensors"),
        ({"sensors": {"x" * 65: 1}}, "sensors"),
        ({"sensors": {f"s{number}": 1 for number in range(65)}}, "sensors"),
        ({"sensors": {"t": 1}, "timestamp": "yesterday"}, "timestamp"),
        ({"sensors": {"t": 1}, "timestamp": "2999-01-01T00:00:00Z"}, "timestamp"),
        ({"sensors": {"t": 1}, "more": 1}, "more"),
        ({}, "sensors"),
    ],
)
def test_bad_sensor_data_is_422_and_names_the_field(person: Person, body: dict[str, Any], field: str) -> None:
    answer = person.device().call("POST", "/device/data", body)
    assert answer.status == 422
    assert answer.body["field"].startswith(field)


@pytest.mark.parametrize("raw", [b"", b"   ", b"{", b'{"sensors": {"t": NaN}}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused_and_not_an_error_of_ours(person: Person, raw: bytes) -> None:
    answer = person.device().call("POST", "/device/data", raw)
    assert answer.status in (400, 422)
    assert answer.body["success"] is False


def test_a_body_over_256_kilobytes_is_413(person: Person) -> None:
    answer = person.device().call("POST", "/device/data", b" " * (256 * 1024 + 1))
    assert (answer.status, answer.body["code"]) == (413, "too_large")
