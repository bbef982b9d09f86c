"""How long raw readings are kept is a person's choice; it holds for all devices of the account."""

from __future__ import annotations

import pytest

from chalicelib.core.times import DAY_MS, HOUR_MS
from tests.conftest import Device, Person, now_ms, reading


def choose(person: Person, days: int) -> None:
    answer = person.call("PATCH", "/account", {"rawRetentionDays": days})
    assert (answer.status, answer.body["rawRetentionDays"]) == (200, days)


def send(device: Device, port_id: str, days_ago: int) -> str:
    """What became of a reading of so many days and an hour ago."""
    (result,) = device.send([reading(port_id, now_ms() - days_ago * DAY_MS - HOUR_MS, 60.0)]).body["results"]
    return str(result.get("code") or result["status"])


def shown(person: Person, port_id: str) -> int:
    return len(person.call("GET", f"/port/{port_id}/history?resolution=raw").body["readings"])


def test_it_is_thirty_days_unless_chosen(person: Person) -> None:
    assert person.call("GET", "/account").body["rawRetentionDays"] == 30
    device = person.device()
    port_id = person.port(device)["portId"]
    assert [send(device, port_id, days) for days in (29, 30)] == ["stored", "too_old"]


def test_a_device_that_comes_later_keeps_as_long_as_the_account_says(person: Person) -> None:
    choose(person, 400)
    device = person.device()
    port_id = person.port(device)["portId"]
    assert [send(device, port_id, days) for days in (399, 400)] == ["stored", "too_old"]
    assert shown(person, port_id) == 1


def test_a_shorter_time_hides_what_is_still_stored_at_once(person: Person) -> None:
    device = person.device()
    port_id = person.port(device)["portId"]
    assert [send(device, port_id, days) for days in (20, 3)] == ["stored", "stored"]
    log = {"sensors": {"temperature": 20}, "timestamp": now_ms() - 20 * DAY_MS}
    assert device.call("POST", "/device/data", log).status == 200
    choose(person, 7)
    assert shown(person, port_id) == 1
    assert person.call("GET", f"/device/{device.device_id}/data").body["data"] == []
    assert send(device, port_id, 8) == "too_old"
    old = device.call("POST", "/device/data", log | {"timestamp": now_ms() - 8 * DAY_MS})
    assert (old.status, old.body["code"]) == (422, "too_old")


def test_a_longer_time_holds_for_what_is_stored_from_now_on(person: Person) -> None:
    device = person.device()
    port_id = person.port(device)["portId"]
    choose(person, 400)
    assert [send(device, port_id, days) for days in (29, 30)] == ["stored", "too_old"]


@pytest.mark.parametrize("days", [6, 401, 30.5, "30"])
def test_from_a_week_to_four_hundred_days(person: Person, days: object) -> None:
    answer = person.call("PATCH", "/account", {"rawRetentionDays": days})
    assert (answer.status, answer.body["field"]) == (422, "rawRetentionDays")
