"""Readings that say how long they held, and meters without volts and amps: over HTTP, stored, shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ghostwatt_pi.meters.recording import read_samples

from chalicelib.ports.model import device_uid_of
from chalicelib.readings.store import load_chunk_page
from tests.conftest import Device, Person, now_ms, reading

MINUTE_MS = 60_000


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port_id(person: Person, device: Device) -> str:
    return str(person.port(device, thresholdWatts=5)["portId"])


def history(person: Person, port_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = person.call("GET", f"/port/{port_id}/history?resolution=raw&{query}")
    assert answer.status == 200, answer
    points: list[dict[str, Any]] = answer.body["readings"]
    return points


def test_how_long_a_reading_held_is_stored_and_shown(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    sent = [reading(port_id, now - 1, 3.0) | {"heldMs": 300_000}, reading(port_id, now, 80.0)]
    answer = device.send(sent, "b1")
    assert [result["status"] for result in answer.body["results"]] == ["stored", "stored"]
    assert answer.body["accepts"] == ["heldMs", "nullVolts"]
    held, plain = history(person, port_id)
    assert (held["timestampMs"], held["power"], held["heldMs"]) == (now - 1, 3.0, 300_000)
    assert "heldMs" not in plain, "as the release before answered"
    assert [result["status"] for result in device.send(sent, "b1").body["results"]] == ["duplicate", "duplicate"]


def test_a_reading_lies_where_any_of_the_time_lies_that_it_held(person: Person, device: Device, port_id: str) -> None:
    start_ms = now_ms() - 3_600_000
    sent = [
        reading(port_id, start_ms + 600_000, 3.0) | {"heldMs": 300_000},
        reading(port_id, start_ms + 1_500_000, 80.0) | {"heldMs": 900_000},
        reading(port_id, start_ms + 1_500_001, 90.0),
    ]
    assert device.send(sent).status == 200

    def between(first: int, last: int, query: str = "") -> list[float]:
        points = history(person, port_id, f"from={start_ms + first}&to={start_ms + last}&{query}")
        return [point["power"] for point in points]

    assert between(0, 299_999) == []
    assert between(0, 300_000) == [3.0]
    assert between(400_000, 500_000) == [3.0], "it held all that time"
    assert between(600_000, 600_000) == [3.0, 80.0]
    assert between(600_001, 600_002) == [80.0]
    assert between(0, 1_500_000) == [3.0, 80.0]
    assert between(1_500_001, 1_500_001) == [90.0]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_held_readings_are_the_whole_once(person: Person, device: Device, port_id: str, limit: int) -> None:
    start_ms = now_ms() - 6 * 3_600_000
    sent = [reading(port_id, start_ms + 300_000 * n, float(n)) | {"heldMs": 290_000 + 1_000 * n} for n in range(1, 30)]
    assert device.send(sent).status == 200
    path = f"/port/{port_id}/history?resolution=raw&from={start_ms + 1_000_000}&to={start_ms + 7_300_000}"
    whole = person.call("GET", path).body["readings"]
    assert [point["power"] for point in whole] == [float(n) for n in range(4, 26)]
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = person.call("GET", f"{path}&limit={limit}&cursor={cursor}").body
        found, cursor = found + page["readings"], page["cursor"]
    assert found == whole


@pytest.mark.parametrize(("step_ms", "held_ms"), [(300_000, 300_000), (200_000, 900_000)])
def test_a_backlog_of_a_day_is_one_batch(
    person: Person, device: Device, port_id: str, step_ms: int, held_ms: int
) -> None:
    """A transaction of DynamoDB stores at most 100 chunks."""
    start_ms = now_ms() - 24 * 3_600_000
    times_ms = range(start_ms, start_ms + 23 * 3_600_000, step_ms)
    answer = device.send([reading(port_id, at_ms, 3.0) | {"heldMs": held_ms} for at_ms in times_ms])
    assert answer.status == 200, answer
    assert {result["status"] for result in answer.body["results"]} == {"stored"}
    usage = person.call("GET", f"/port/{port_id}/history?resolution=1d").body["readings"]
    assert sum(day["coveredSeconds"] for day in usage) == (times_ms[-1] - start_ms + held_ms) / 1_000
    assert len(history(person, port_id)) == len(times_ms)


def test_chunks_come_in_the_order_of_their_readings_whatever_held(person: Person, device: Device) -> None:
    """A backtest replays them so: readings before the newest one change nothing."""
    first, second = (str(person.port(device, name)["portId"]) for name in ("Television", "Lamp"))
    start_ms = now_ms() - 3_600_000
    assert device.send([reading(first, start_ms, 3.0)]).status == 200
    held = reading(second, start_ms + 60_000, 5.0) | {"heldMs": 600_000}
    assert device.send([reading(first, start_ms + 60_000, 80.0), held]).status == 200
    chunks, _ = load_chunk_page(device_uid_of(first), 0, now_ms(), 50, None)
    assert [chunk.ports[first].milliwatts for chunk in chunks] == [[3_000], [80_000]]


def test_how_long_it_held_is_no_part_of_its_identity_but_of_the_batch(device: Device, port_id: str) -> None:
    now = now_ms()
    assert device.send([reading(port_id, now, 3.0)], "b1").body["results"][0]["status"] == "stored"
    held = reading(port_id, now, 3.0) | {"heldMs": 60_000}
    assert device.send([held], "b2").body["results"][0]["status"] == "duplicate"
    refused = device.send([held], "b1")
    assert (refused.status, refused.body["code"]) == (409, "batch_conflict")


@pytest.mark.parametrize("held_ms", [-1, 900_001, 2**60, 1.5, "60000", None, True, [60_000]])
def test_no_such_time_refuses_that_reading_only(device: Device, port_id: str, held_ms: object) -> None:
    now = now_ms()
    bad = reading(port_id, now, 3.0) | {"heldMs": held_ms}
    answer = device.send([bad, reading(port_id, now, 3.0) | {"heldMs": 900_000}])
    first, second = answer.body["results"]
    assert (first["status"], first["code"], first["field"]) == ("rejected", "invalid", "heldMs")
    assert second["status"] == "stored"
    one = {"deviceToken": device.api_key, "portId": port_id, "voltage": 230, "current": 0.1, "power": 3}
    alone = device.call("POST", "/sensor/reading", one | {"heldMs": held_ms})
    assert (alone.status, alone.body["field"]) == (422, "heldMs")


def test_a_moved_batch_moves_the_readings_not_how_long_they_held(person: Person, device: Device, port_id: str) -> None:
    answer = device.send([reading(port_id, 60_000, 3.0) | {"heldMs": 50_000}], sent_at_ms=70_000)
    assert answer.body["rebasedByMs"] > 0
    (shown,) = history(person, port_id)
    assert shown["timestampMs"] == 60_000 + answer.body["rebasedByMs"]
    assert shown["heldMs"] == 50_000


def test_one_reading_may_have_held(person: Person, device: Device, port_id: str) -> None:
    one = {"portId": port_id, "voltage": None, "current": None, "power": 3, "heldMs": 120_000}
    stamped = one | {"timestamp": now_ms() - 1_000}
    first, again = (device.call("POST", "/sensor/reading", stamped) for _ in range(2))
    assert first.status == 200, first
    assert first.body["data"]["reading"] == again.body["data"]["reading"]
    stored = first.body["data"]["reading"]
    assert (stored["voltage"], stored["current"], stored["heldMs"]) == (None, None, 120_000)
    (shown,) = history(person, port_id)
    assert shown["heldMs"] == 120_000


def test_one_reading_of_an_old_agent_is_answered_as_before(device: Device, port_id: str) -> None:
    answer = device.call("POST", "/sensor/reading", {"portId": port_id, "voltage": 230, "current": 0.1, "power": 3})
    assert answer.body.keys() - {"accepts"} == {
        *("success", "message", "data"),
        *("serverTimeMs", "intervalSeconds", "heartbeatSeconds", "relays"),
    }
    assert answer.body["data"]["reading"].keys() == {"id", "voltage", "current", "power", "timestamp"}


def test_volts_and_amps_that_a_meter_lacks_are_never_made_up(person: Person, device: Device, port_id: str) -> None:
    now = now_ms()
    bare = {"portId": port_id, "timestampMs": now, "voltage": None, "current": None, "power": 61.5}
    half = bare | {"timestampMs": now - 1_000, "voltage": 230.5}
    assert {result["status"] for result in device.send([half, bare]).body["results"]} == {"stored"}
    shown = [(point["voltage"], point["current"], point["power"]) for point in history(person, port_id)]
    assert shown == [(230.5, None, 61.5), (None, None, 61.5)]
    table = person.call("GET", f"/port/{port_id}/history?resolution=raw&format=csv").body.splitlines()
    assert table[0] == "timestamp,timestampMs,voltage,current,power,heldMs"
    assert [line.split(",", 2)[2] for line in table[1:]] == ["230.5,,61.5,0", ",,61.5,0"]
    columns = person.call("GET", f"/port/{port_id}/history?resolution=raw&layout=columns").body["columns"]
    assert (columns["voltage"], columns["current"], columns["heldMs"]) == ([230.5, None], [None, None], [0, 0])


def test_the_agent_replays_a_history_with_held_readings_and_without_volts(
    person: Person, device: Device, port_id: str, tmp_path: Path
) -> None:
    now = now_ms()
    bare = {"portId": port_id, "timestampMs": now, "voltage": None, "current": None, "power": 61.5, "heldMs": 60_000}
    assert device.send([reading(port_id, now - 60_000, 3.0), bare]).status == 200
    file = tmp_path / "history.csv"
    file.write_text(person.call("GET", f"/port/{port_id}/history?resolution=raw&format=csv").body)
    assert [(sample.at_seconds, sample.watts) for sample in read_samples(file)] == [(0.0, 3.0), (60.0, 61.5)]


def test_a_reading_must_still_say_that_it_has_no_volts(device: Device, port_id: str) -> None:
    lacking = {"portId": port_id, "timestampMs": now_ms(), "power": 3.0}
    (result,) = device.send([lacking]).body["results"]
    assert (result["status"], result["field"]) == ("rejected", "voltage")


@pytest.mark.parametrize("path", ["/device/heartbeat", "/device/data"])
def test_every_answer_to_a_device_says_what_it_may_send(device: Device, path: str) -> None:
    body = {"sensors": {"temperature": 1}} if path == "/device/data" else {}
    assert device.call("POST", path, body).body["accepts"] == ["heldMs", "nullVolts"]
