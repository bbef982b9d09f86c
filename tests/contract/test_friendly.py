"""Clients that say a thing a little differently, but clearly: they are understood, or told what to send."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Call, Device, Person, now_ms
from tests.contract.household import refused


def outlet(person: Person) -> tuple[Device, str]:
    """A device of a person, and its one port."""
    device = person.device()
    return device, str(person.port(device)["portId"])


def one(port_id: str, **more: Any) -> dict[str, Any]:
    return {"portId": port_id, "voltage": 230, "current": 0.5, "power": 115, **more}


def test_one_reading_may_show_its_key_in_the_header(call: Call, person: Person) -> None:
    device, port_id = outlet(person)
    answer = device.call("POST", "/sensor/reading", one(port_id))
    assert (answer.status, answer.body["data"]["reading"]["power"]) == (200, 115)
    assert refused(device.call("POST", "/sensor/reading", one(port_id, deviceToken="gwk.x.y")), 401)
    assert refused(call("POST", "/sensor/reading", one(port_id)), 401)


@pytest.mark.parametrize("timestamp", [time.time, lambda: int(time.time()), lambda: time.time() * 1_000, now_ms])
def test_a_reading_may_be_stamped_in_seconds(person: Person, timestamp: Any) -> None:
    device, port_id = outlet(person)
    assert device.call("POST", "/sensor/reading", one(port_id, timestamp=timestamp())).status == 200
    assert device.call("POST", "/device/data", {"sensors": {"a": 1}, "timestamp": timestamp()}).status == 200
    (reading,) = person.call("GET", f"/port/{port_id}/history?from={int(time.time()) - 60}").body["readings"]
    assert abs(reading["timestampMs"] - now_ms()) < 60_000


def test_an_offset_may_come_with_a_bare_plus(person: Person) -> None:
    device, port_id = outlet(person)
    assert device.call("POST", "/sensor/reading", one(port_id)).status == 200
    ahead = datetime.now(UTC) + timedelta(hours=2)
    first, last = (f"{ahead + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}+02:00" for minutes in (-1, 1))
    history = person.call("GET", f"/port/{port_id}/history?from={first}&to={last}")
    assert (history.status, len(history.body.get("readings", []))) == (200, 1), history
    assert person.call("GET", f"/energy?from={first}").status == 200


def test_a_byte_order_mark_is_no_fault(call: Call, person: Person) -> None:
    device, port_id = outlet(person)
    body = json.dumps(one(port_id, deviceToken=device.api_key)).encode("utf-8-sig")
    assert call("POST", "/sensor/reading", body).status == 200


def test_a_compressed_body_is_told_to_come_plain(call: Call) -> None:
    answer = call("POST", "/account/login", gzip.compress(b"{}"), Content_Encoding="gzip")
    assert refused(answer, 400)
    assert "compressed" in answer.body["error"]


def test_a_sensor_that_could_not_be_read_is_named(person: Person) -> None:
    answer = person.device().call("POST", "/device/data", {"sensors": {"humidity": 40, "temperature": None}})
    assert (answer.status, answer.body["field"]) == (422, "sensors.temperature")


def test_who_shows_nothing_is_told_what_to_show(call: Call) -> None:
    assert "Authorization: Device" in call("POST", "/device/heartbeat").body["error"]
    assert "x-session-token" in call("GET", "/device/list").body["error"]
