"""The sweep and the purge."""

from __future__ import annotations

import pytest

from chalicelib.core.deadlines import Deadline
from chalicelib.devices import presence
from chalicelib.devices.presence import mark_silent_devices
from chalicelib.devices.presence_store import load_due_device_ids, save_call
from chalicelib.devices.store import load_device
from chalicelib.entrypoints import schedule
from chalicelib.notifications import weekly_digest
from infra.local.emulator.clients import create_client
from tests.conftest import Person, now_ms, reading


def offline(person: Person) -> list[str]:
    listed = person.call("GET", "/notification/list").body["notifications"]
    return [entry["message"] for entry in listed if entry["kind"] == "device_offline"]


def test_a_silent_device_goes_offline_with_one_notification(person: Person) -> None:
    device = person.device("Cellar Pi")
    device.call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    mark_silent_devices(now_ms() + 100_000)
    assert person.call("GET", "/device/list").body["devices"][0]["status"] == "online"
    for _ in range(2):
        mark_silent_devices(now_ms() + 151_000)
    assert person.call("GET", "/device/list").body["devices"][0]["status"] == "offline"
    assert offline(person) == ["Cellar Pi is offline"]
    device.call("POST", "/device/heartbeat")
    assert person.call("GET", "/device/list").body["devices"][0]["status"] == "online"


def test_silent_devices_that_a_run_has_no_time_for_stay_due(person: Person) -> None:
    device = person.device("Cellar Pi")
    device.call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    assert mark_silent_devices(now_ms() + 151_000, Deadline(0)) == 0
    assert person.call("GET", "/device/list").body["devices"][0]["status"] == "online"
    assert mark_silent_devices(now_ms() + 151_000, Deadline(60)) >= 1
    assert offline(person) == ["Cellar Pi is offline"]


def test_a_flood_of_silent_devices_leaves_time_for_the_other_steps(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Deadline] = []

    def mark(_now_ms: int, deadline: Deadline) -> int:
        given.append(deadline)
        return 0

    monkeypatch.setattr(schedule, "mark_silent_devices", mark)
    event = {"source": "aws.events", "account": "", "time": "", "region": "", "resources": [], "detail-type": ""}
    schedule.sweep({**event, "detail": "", "version": "0", "id": "1"}, None)
    assert len(given) == 1
    shares = [value for name, value in vars(schedule).items() if name.endswith("_SECONDS")]
    assert sum(shares) < 60, "the function ends after a minute"


def test_a_heartbeat_in_between_wins(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    load = load_device

    def load_and_then_it_calls(device_id: str) -> object:
        found = load(device_id)
        if found is not None and device_id == device.device_id:
            save_call(found, found.presence, now_ms() + 151_000)
        return found

    monkeypatch.setattr(presence, "load_device", load_and_then_it_calls)
    mark_silent_devices(now_ms() + 151_000)
    monkeypatch.undo()
    assert person.call("GET", "/device/list").body["devices"][0]["status"] == "online"
    assert offline(person) == []


def test_the_sweep_reads_nothing_of_devices_that_are_not_due(person: Person) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    due = [found for shard in "0123" for found in load_due_device_ids(shard, now_ms() + 60_000)]
    assert device.device_id not in due


def test_what_a_released_device_recorded_is_deleted(person: Person, database: str) -> None:
    device = person.device()
    port = person.port(device)
    for number in range(3):
        device.send([reading(port["portId"], now_ms() - number, 3.0)])
    person.call("DELETE", f"/device/{device.device_id}")
    event = {"source": "aws.events", "account": "", "time": "", "region": "", "resources": [], "detail-type": ""}
    event |= {"detail": "", "version": "0", "id": "1"}
    assert schedule.sweep(event, None)["purged"] >= 1
    client = create_client("dynamodb", database)
    for table in ("readings", "ports", "states"):
        items = client.scan(TableName=f"ghostwatt-local-{table}")["Items"]
        assert port["portId"].partition("-")[0] not in {item["device_uid"]["S"] for item in items}


def test_a_step_that_fails_keeps_no_other_from_its_work_and_is_told(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    def delete(*_: object) -> int:
        ran.append("deleted")
        return 0

    monkeypatch.setattr(weekly_digest, "make_due_digests", broken)
    monkeypatch.setattr(schedule, "delete_requested", delete)
    event = {"source": "aws.events", "account": "", "time": "", "region": "", "resources": [], "detail-type": ""}
    with pytest.raises(ZeroDivisionError):
        schedule.sweep({**event, "detail": "", "version": "0", "id": "1"}, None)
    assert ran == ["deleted"]
