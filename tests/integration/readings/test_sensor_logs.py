"""Logs of one device and one time, from several programs: put together, whatever carries them, and nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from chalicelib.realtime import device_channel
from tests.conftest import Device, Person, now_ms
from tests.integration.devices.test_mqtt import publish
from tests.integration.stream import Deliver


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def log(device: Device, at_ms: int, **sensors: float) -> list[str]:
    answer = device.call("POST", "/device/data", {"sensors": sensors, "timestamp": at_ms})
    assert answer.status == 200, answer
    duplicates: list[str] = answer.body.get("duplicates", [])
    return duplicates


def history(person: Person, device: Device) -> list[dict[str, Any]]:
    rows = person.call("GET", f"/device/{device.device_id}/data").body["data"]
    return [row["sensors"] for row in rows]


def latest(person: Person, device: Device) -> dict[str, Any]:
    found: dict[str, Any] = person.call("GET", f"/device/{device.device_id}").body["device"]["latest"]["sensors"]
    return found


@pytest.mark.parametrize("examined_between", [True, False])
def test_two_logs_of_one_second_are_one(
    person: Person, device: Device, deliver: Deliver, *, examined_between: bool
) -> None:
    at_ms = now_ms() // 1_000 * 1_000
    assert log(device, at_ms, temperature=21.5) == []
    if examined_between:
        deliver()
        assert latest(person, device) == {"temperature": 21.5}
    assert log(device, at_ms, humidity=48.0) == []
    deliver()
    both = {"temperature": 21.5, "humidity": 48.0}
    assert (history(person, device), latest(person, device)) == ([both], both)
    (plain,) = person.call("GET", "/devices").body
    assert (plain["temperature"], plain["humidity"]) == (21.5, 48.0)
    text = person.call("GET", f"/device/{device.device_id}/data?format=csv").body
    assert text.splitlines()[0].endswith("humidity,temperature")
    (summary,) = person.call("GET", f"/device/{device.device_id}/data?resolution=5m").body["data"]
    assert set(summary["sensors"]) == set(both)
    deliver(again=True)
    assert latest(person, device) == both


def test_the_first_value_of_a_name_stays_and_the_answer_says_so(
    person: Person, device: Device, deliver: Deliver
) -> None:
    at_ms = now_ms()
    log(device, at_ms, temperature=21.5)
    assert log(device, at_ms, temperature=99.0, humidity=48.0) == ["temperature"]
    assert log(device, at_ms, temperature=99.0, humidity=48.0) == ["humidity", "temperature"]
    deliver()
    assert history(person, device) == [{"temperature": 21.5, "humidity": 48.0}]
    assert latest(person, device) == {"temperature": 21.5, "humidity": 48.0}


def test_the_same_values_at_a_later_time_are_the_newest(person: Person, device: Device, deliver: Deliver) -> None:
    at_ms = now_ms()
    for later_ms in (0, 5_000):
        log(device, at_ms + later_ms, temperature=21.5)
        deliver()
    shown = person.call("GET", f"/device/{device.device_id}").body["device"]["latest"]
    assert shown["timestamp"] > person.call("GET", f"/device/{device.device_id}/data").body["data"][0]["timestamp"]


def test_a_log_that_grows_late_changes_nothing_newer(person: Person, device: Device, deliver: Deliver) -> None:
    at_ms = now_ms()
    log(device, at_ms - 60_000, temperature=19.0)
    log(device, at_ms, temperature=21.5)
    deliver()
    log(device, at_ms - 60_000, humidity=48.0)
    deliver()
    assert history(person, device)[0] == {"temperature": 19.0, "humidity": 48.0}
    assert latest(person, device) == {"temperature": 21.5}


def test_many_programs_at_one_moment_lose_nothing(person: Person, device: Device, deliver: Deliver) -> None:
    at_ms = now_ms()
    names = [f"sensor{number}" for number in range(6)]
    with ThreadPoolExecutor(3) as programs:
        list(programs.map(lambda name: log(device, at_ms, **{name: 1.0}), names))
    deliver()
    assert history(person, device) == [dict.fromkeys(names, 1.0)]
    assert latest(person, device) == dict.fromkeys(names, 1.0)


def test_over_mqtt_they_are_put_together_too(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []
    monkeypatch.setattr(
        device_channel, "publish_to_device", lambda _, answer: answers.append(msgspec.to_builtins(answer))
    )
    at_ms = now_ms()
    for message in ({"temperature": 21.5}, {"humidity": 48.0, "temperature": 3.0}):
        publish(device, {**message, "timestamp": at_ms})
    deliver()
    assert [answer.get("duplicates") for answer in answers] == [None, ["temperature"]]
    assert history(person, device) == [{"temperature": 21.5, "humidity": 48.0}]


def test_a_time_has_room_for_so_many_sensors(person: Person, device: Device) -> None:
    at_ms = now_ms()
    for batch in range(4):
        log(device, at_ms, **{f"s{batch}_{number}": 1.0 for number in range(64)})
    answer = device.call("POST", "/device/data", {"sensors": {"more": 1}, "timestamp": at_ms})
    assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "too_many_sensors", "sensors")


def test_logs_without_a_time_are_always_new(person: Person, device: Device) -> None:
    for _ in range(3):
        assert "duplicates" not in device.call("POST", "/device/data", {"sensors": {"temperature": 20}}).body
    assert history(person, device) == [{"temperature": 20.0}] * 3
