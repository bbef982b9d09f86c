"""Readings, one or many: stored once, refused one by one, safe to send again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Call, Device, Person, now_ms, reading


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port_id(person: Person, device: Device) -> str:
    port_id: str = person.port(device)["portId"]
    return port_id


def statuses(answer: Any) -> list[str]:
    assert answer.status == 200, answer
    return [result.get("code", result["status"]) for result in answer.body["results"]]


def history(person: Person, port_id: str) -> list[tuple[int, float]]:
    answer = person.call("GET", f"/port/{port_id}/history")
    assert answer.status == 200, answer
    return [(point["timestampMs"], point["power"]) for point in answer.body["readings"]]


def test_a_batch_is_stored_and_shown(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    answer = device.send([reading(port_id, now - 2_000, 90.5), reading(port_id, now, 3.25)])
    assert statuses(answer) == ["stored", "stored"]
    assert "rebasedByMs" not in answer.body
    assert answer.body["relays"][0]["portId"] == port_id
    assert history(person, port_id) == [(now - 2_000, 90.5), (now, 3.25)]


def test_a_resend_changes_nothing(person: Person, device: Device, port_id: str) -> None:
    batch = [reading(port_id, now_ms(), 3.0)]
    assert statuses(device.send(batch, "b1")) == ["stored"]
    assert statuses(device.send(batch, "b1")) == ["duplicate"]
    assert len(history(person, port_id)) == 1


def test_the_same_batch_id_with_other_readings_is_409(device: Device, port_id: str) -> None:
    now = now_ms()
    device.send([reading(port_id, now, 3.0)], "b1")
    same_time = device.send([reading(port_id, now, 4.0)], "b1")
    assert (same_time.status, same_time.body["code"]) == (409, "batch_conflict")
    other_time = device.send([reading(port_id, now - 20 * 86_400_000, 3.0)], "b1")
    assert (other_time.status, other_time.body["code"]) == (409, "batch_conflict")


def test_the_first_stored_wins_across_batches(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    device.send([reading(port_id, now, 3.0)])
    assert statuses(device.send([reading(port_id, now, 99.0), reading(port_id, now + 1, 4.0)])) == [
        "duplicate",
        "stored",
    ]
    assert history(person, port_id) == [(now, 3.0), (now + 1, 4.0)]


def test_a_reading_twice_in_a_batch_is_stored_once(device: Device, port_id: str) -> None:
    now = now_ms()
    assert statuses(device.send([reading(port_id, now, 3.0), reading(port_id, now, 3.0)])) == ["stored", "duplicate"]


def test_a_bad_reading_refuses_only_itself_and_says_why(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    bad: list[Any] = [
        reading(port_id, now, 3.0) | {"power": 25_001},
        reading(port_id, now, 3.0) | {"voltage": -1},
        reading(port_id, now, 3.0) | {"current": "1"},
        reading(port_id, now, 3.0) | {"extra": 1},
        {"portId": port_id},
        17,
        None,
        reading("nobody", now, 3.0),
        reading(port_id, now + 6 * 60_000, 3.0),
        reading(port_id, now - 31 * 86_400_000, 3.0),
    ]
    answer = device.send([*bad, reading(port_id, now, 3.0)])
    assert statuses(answer) == [
        *["invalid"] * 7,
        "unknown_port",
        "in_future",
        "too_old",
        "stored",
    ]
    fields = [result.get("field") for result in answer.body["results"]]
    assert fields[:5] == ["power", "voltage", "current", "extra", "timestampMs"]
    assert [result["index"] for result in answer.body["results"]] == list(range(11))
    assert history(person, port_id) == [(now, 3.0)]


def test_a_batch_spans_at_most_a_day(device: Device, port_id: str) -> None:
    now = now_ms()
    day = 86_400_000
    sent = [reading(port_id, now - day - 1, 1.0), reading(port_id, now - day // 2, 2.0), reading(port_id, now, 3.0)]
    assert statuses(device.send(sent, "long")) == ["stored", "stored", "batch_too_long"]
    assert statuses(device.send(sent, "long")) == ["duplicate", "duplicate", "batch_too_long"]


def test_clocks_that_differ_are_brought_together_and_it_is_said(person: Person, device: Device, port_id: str) -> None:
    sent = [reading(port_id, 60_000, 3.0), reading(port_id, 62_000, 4.0)]
    answer = device.send(sent, "boot", sent_at_ms=70_000)
    assert statuses(answer) == ["stored", "stored"]
    assert abs(answer.body["rebasedByMs"] - (now_ms() - 70_000)) < 5_000
    again = device.send(sent, "boot", sent_at_ms=75_000)
    assert statuses(again) == ["duplicate", "duplicate"]
    shown = history(person, port_id)
    assert [watts for _, watts in shown] == [3.0, 4.0]
    assert abs(shown[1][0] - (now_ms() - 8_000)) < 5_000


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"batchId": ""}, 422, "batchId"),
        ({"batchId": "x" * 65}, 422, "batchId"),
        ({"batchId": 7}, 422, "batchId"),
        ({"sentAtMs": "now"}, 422, "sentAtMs"),
        ({"sentAtMs": -1}, 422, "sentAtMs"),
        ({"readings": 7}, 422, "readings"),
        ({"readings": [{}] * 501}, 422, "readings"),
        ({"more": 7}, 422, "more"),
    ],
)
def test_only_a_broken_envelope_refuses_a_batch(device: Device, wrong: dict[str, Any], status: int, field: str) -> None:
    answer = device.call("POST", "/sensor/readings", {"batchId": "b", "sentAtMs": now_ms(), "readings": []} | wrong)
    assert (answer.status, answer.body["field"]) == (status, field)


def test_a_batch_in_seconds_is_refused_in_so_many_words(person: Person, device: Device, port_id: str) -> None:
    seconds = now_ms() // 1_000
    readings = [reading(port_id, seconds - 3_600 + number, 3.0) for number in range(3)]
    answer = device.send(readings, sent_at_ms=seconds)
    assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "in_seconds", "sentAtMs")
    assert answer.body["error"] == "sentAtMs is in seconds; epoch milliseconds were expected: multiply it by 1,000."
    assert history(person, port_id) == []


def test_a_reading_in_seconds_is_refused_by_itself(person: Person, device: Device, port_id: str) -> None:
    at_ms = now_ms()
    readings = [reading(port_id, at_ms // 1_000, 3.0), reading(port_id, at_ms, 4.0)]
    first, second = device.send(readings).body["results"]
    assert (first["status"], first["code"], first["field"]) == ("rejected", "in_seconds", "timestampMs")
    assert (second["status"], history(person, port_id)) == ("stored", [(at_ms, 4.0)])


def test_a_heartbeat_in_seconds_is_refused(device: Device) -> None:
    answer = device.call("POST", "/device/heartbeat", {"sentAtMs": now_ms() // 1_000})
    assert (answer.status, answer.body["field"]) == (422, "sentAtMs")


def test_a_clock_that_began_in_1970_is_still_brought_to_the_present(
    person: Person, device: Device, port_id: str
) -> None:
    answer = device.send([reading(port_id, 50_000, 3.0)], sent_at_ms=60_000)
    assert statuses(answer) == ["stored"]
    assert abs(history(person, port_id)[0][0] - now_ms()) < 60_000


def test_where_seconds_were_understood_they_still_are(person: Person, device: Device, port_id: str) -> None:
    seconds = now_ms() // 1_000
    assert device.call("POST", "/sensor/reading", one(device, port_id, 3.0, timestamp=seconds)).status == 200
    sensors = {"sensors": {"temperature": 20}, "timestamp": seconds}
    assert device.call("POST", "/device/data", sensors).status == 200
    found = person.call("GET", f"/port/{port_id}/history?resolution=raw&from={seconds - 1}&to={seconds + 1}").body
    assert [row["timestampMs"] for row in found["readings"]] == [seconds * 1_000]
    for unit in (1_000_000, 1_000_000_000):
        answer = device.call("POST", "/device/data", sensors | {"timestamp": seconds * unit})
        assert (answer.status, answer.body["field"]) == (422, "timestamp")
        assert "microseconds" in answer.body["error"]
        answer = person.call("GET", f"/port/{port_id}/history?from={seconds * unit}")
        assert (answer.status, answer.body["field"]) == (422, "from")


def test_an_empty_batch_is_a_heartbeat(device: Device) -> None:
    assert statuses(device.send([])) == []


@pytest.mark.parametrize("raw", [b"", b"nonsense", b'{"batchId":"b","sentAtMs":1,"readings":[' + b"[" * 100_000])
def test_what_is_no_json_is_400(device: Device, raw: bytes) -> None:
    assert device.call("POST", "/sensor/readings", raw).status == 400


def test_a_reading_that_is_not_finite_is_no_json(device: Device, port_id: str) -> None:
    body = json.dumps({"batchId": "b", "sentAtMs": now_ms(), "readings": [reading(port_id, now_ms(), float("nan"))]})
    assert device.call("POST", "/sensor/readings", body.encode()).status == 400


def one(device: Device, port_id: str, watts: float, **more: Any) -> dict[str, Any]:
    token = {"deviceToken": device.api_key, "portId": port_id}
    return token | {"voltage": 230.0, "current": 0.02, "power": watts} | more


@pytest.mark.parametrize(
    ("watts", "phantom", "status"), [(0.0, False, "off"), (3.2, True, "standby"), (10.0, False, "active")]
)
def test_one_reading_is_answered_as_the_guide_has_it(
    call: Call, person: Person, device: Device, port_id: str, watts: float, phantom: bool, status: str
) -> None:
    person.call("PATCH", f"/port/{port_id}", {"thresholdWatts": 10})
    answer = call("POST", "/sensor/reading", one(device, port_id, watts))
    assert answer.status == 200
    data = answer.body["data"]
    assert (data["phantomDetected"], data["portStatus"]) == (phantom, status)
    assert data["reading"]["power"] == watts
    assert data["reading"]["id"]
    assert data["reading"]["timestamp"].endswith("Z")


def test_before_a_threshold_is_known_nothing_is_called_a_phantom(call: Call, device: Device, port_id: str) -> None:
    data = call("POST", "/sensor/reading", one(device, port_id, 3.2)).body["data"]
    assert (data["phantomDetected"], data["portStatus"]) == (False, "active")


def test_readings_without_a_time_are_always_new_and_with_one_the_first_wins(
    call: Call, person: Person, device: Device, port_id: str
) -> None:
    for _ in range(2):
        call("POST", "/sensor/reading", one(device, port_id, 3.0))
    at_ms = now_ms() - 60_000
    for watts in (50.0, 70.0):
        answer = call("POST", "/sensor/reading", one(device, port_id, watts, timestamp=at_ms))
        assert answer.body["data"]["reading"]["power"] == 50.0
    assert [watts for _, watts in history(person, port_id)] == [50.0, 3.0, 3.0]


def test_one_reading_with_a_bad_key_another_port_or_a_bad_time_is_refused(
    call: Call, stranger: Person, device: Device, port_id: str
) -> None:
    assert call("POST", "/sensor/reading", one(device, port_id, 1.0) | {"deviceToken": "x"}).status == 401
    foreign = stranger.port(stranger.device())["portId"]
    assert call("POST", "/sensor/reading", one(device, foreign, 1.0)).status == 404
    answer = call("POST", "/sensor/reading", one(device, port_id, 1.0, timestamp="2999-01-01T00:00:00"))
    assert (answer.status, answer.body["field"]) == (422, "timestamp")
    answer = call("POST", "/sensor/reading", one(device, port_id, 1.0) | {"voltage": 501})
    assert (answer.status, answer.body["field"]) == (422, "voltage")


def test_history_is_cut_to_the_times_asked_for(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    device.send([reading(port_id, now - 1_000 * second, float(second)) for second in range(60)])
    path = f"/port/{port_id}/history?from={now - 20_000}&to={now - 10_000}"
    shown = person.call("GET", path).body["readings"]
    assert [point["power"] for point in shown] == [float(second) for second in range(20, 9, -1)]
    assert person.call("GET", f"/port/{port_id}/history?from=5&to=4").body["field"] == "from"


def test_history_comes_page_by_page_and_nothing_is_missing(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    for number in range(60):
        device.send([reading(port_id, now - 60_000 + 1_000 * number, float(number))])
    first = person.call("GET", f"/port/{port_id}/history?resolution=raw&limit=40")
    cursor = first.headers["x-next-cursor"]
    assert (len(first.body["readings"]), first.body["cursor"]) == (40, cursor)
    second = person.call("GET", f"/port/{port_id}/history?limit=40&cursor={cursor}").body
    assert second["cursor"] is None
    assert [point["power"] for point in first.body["readings"] + second["readings"]] == [float(n) for n in range(60)]
