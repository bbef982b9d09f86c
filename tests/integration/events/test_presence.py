"""Presence of a device: explained, one alert a spell, and never taken from the times of its readings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Call, Device, Person, now_ms, reading
from tests.integration.events.conftest import Deliver


@pytest.fixture(autouse=True)
def _app(call: Call) -> None:
    """The verbs are imported once the database's environment is there."""


def alerts(person: Person) -> list[str]:
    listed = person.call("GET", "/notification/list").body["notifications"]
    return [entry["kind"] for entry in reversed(listed)]


def shown(person: Person, device: Device) -> dict[str, Any]:
    found: dict[str, Any] = person.call("GET", f"/device/{device.device_id}").body["device"]
    return found


def beat(device: Device, at_ms: int) -> None:
    from chalicelib.services import presence  # noqa: PLC0415
    from chalicelib.storage import devices  # noqa: PLC0415

    loaded = devices.load(device.device_id)
    assert loaded is not None
    presence.note_call(loaded, at_ms)


def sweep(at_ms: int) -> None:
    from chalicelib.services.sweep import sweep as run  # noqa: PLC0415

    run(at_ms)


def test_liveness_is_explained_in_list_and_device(person: Person) -> None:
    device = person.device()
    assert shown(person, device)["liveness"] == {"state": "never", "reason": "It has not called yet.", "since": None}
    device.call("POST", "/device/heartbeat")
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert (listed["status"], listed["liveness"]["state"]) == ("online", "online")
    assert listed["liveness"]["reason"] == "It called within the last 90 s, and usually calls every 60 s."
    assert listed["liveness"] == shown(person, device)["liveness"]


def test_flapping_is_one_alert_and_hides_the_single_ones(person: Person) -> None:
    device = person.device("Cellar Pi")
    at_ms = now_ms()
    for _ in range(5):
        for _ in range(6):
            beat(device, at_ms)
            at_ms += 60_000
        at_ms += 180_000
        sweep(at_ms)
        at_ms += 1_000
    assert alerts(person) == ["device_offline", "device_offline", "device_flapping"]
    sweep(at_ms + 30 * 60_000)
    assert alerts(person)[3:] == []
    for hours in (2, 3):
        sweep(at_ms + hours * 3_600_000)
    assert alerts(person)[3:] == ["device_offline"], "it has calmed down and is offline still"
    beat(device, at_ms + 4 * 3_600_000)
    assert shown(person, device)["status"] == "online"


def test_two_calls_at_once_are_one_change(person: Person) -> None:
    from chalicelib.services import presence  # noqa: PLC0415
    from chalicelib.storage import devices  # noqa: PLC0415

    device = person.device()
    stale = devices.load(device.device_id)
    assert stale is not None
    for later_ms in (0, 1):
        presence.note_call(stale, now_ms() + later_ms)
    loaded = devices.load(device.device_id)
    assert loaded is not None
    assert len(loaded.presence.changes_ms) == 1


def test_a_call_that_meets_the_sweep_wins(person: Person) -> None:
    from chalicelib.services import presence  # noqa: PLC0415
    from chalicelib.storage import devices  # noqa: PLC0415

    device = person.device()
    at_ms = now_ms()
    beat(device, at_ms)
    before_the_sweep = devices.load(device.device_id)
    assert before_the_sweep is not None
    sweep(at_ms + 151_000)
    presence.note_call(before_the_sweep, at_ms + 151_001)
    assert shown(person, device)["status"] == "online"


def test_a_backlog_is_not_presence(person: Person, deliver: Deliver) -> None:
    device = person.device()
    port = person.port(device)
    device.send([reading(port["portId"], now_ms() - 3 * 3_600_000 + number, 5.0) for number in range(3)])
    deliver()
    seen = shown(person, device)
    assert (seen["status"], seen["liveness"]["state"]) == ("online", "online")
    sweep(now_ms() + 151_000)
    device.send([reading(port["portId"], now_ms() + 60_000, 5.0)])
    assert shown(person, device)["liveness"]["state"] == "online"


def test_a_new_device_waits_for_its_first_outlet_in_short_steps(person: Person) -> None:
    device = person.device()
    assert device.call("POST", "/device/heartbeat").body["heartbeatSeconds"] == 5
    person.port(device)
    assert device.call("POST", "/device/heartbeat").body["heartbeatSeconds"] == 60


def test_dropped_readings_are_told_once_a_spell_and_shown(person: Person) -> None:
    device = person.device("Cellar Pi")
    for total in (0, 12, 12, 40):
        said = {"droppedReadings": total, "agentVersion": "1.4.0"}
        assert device.call("POST", "/device/heartbeat", said).status == 200
    assert device.call("POST", "/device/heartbeat", {}).status == 200
    (told,) = person.call("GET", "/notification/list").body["notifications"]
    assert (told["kind"], told["message"][:27]) == ("spool_dropped", "Cellar Pi lost 12 readings:")
    assert shown(person, device)["agentVersion"] == "1.4.0"
    assert shown(person, device)["droppedReadings"] == 12, "a rise within the minute is taken over by a later call"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"droppedReadings": -1}, "droppedReadings"),
        ({"droppedReadings": "7"}, "droppedReadings"),
        ({"agentVersion": "a b"}, "agentVersion"),
        ({"agentVersion": ""}, "agentVersion"),
    ],
)
def test_a_wrong_report_is_named(person: Person, said: dict[str, Any], field: str) -> None:
    answer = person.device().call("POST", "/device/heartbeat", said)
    assert (answer.status, answer.body["field"]) == (422, field)
