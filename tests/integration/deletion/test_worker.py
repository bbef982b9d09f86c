"""A closing that broke off is finished by the schedule."""

from __future__ import annotations

import pytest

from chalicelib.accounts.store import load_account, mark_account_closed
from chalicelib.core.deadlines import Deadline
from chalicelib.deletion import worker
from chalicelib.deletion.store import load_deletion_requests, request_deletion, request_deletions
from chalicelib.deletion.worker import delete_requested
from chalicelib.detection import phantom_event_store
from chalicelib.ports import store as ports
from chalicelib.readings.store import remove_some_readings
from tests.conftest import Call, Person, now_ms, reading
from tests.integration.stream import Deliver


def test_a_closing_that_broke_off_is_finished(call: Call, person: Person) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    account = load_account(person.email)
    assert account is not None
    request_deletion(f"account#{account.email}", now_ms())
    mark_account_closed(account, now_ms())
    delete_requested(Deadline(600), now_ms())
    assert load_account(person.email) is None
    assert device.call("POST", "/device/heartbeat").status == 401
    assert load_deletion_requests(10) == []


def test_the_outlets_of_a_closed_account_go_with_all_that_was_found_there(person: Person, deliver: Deliver) -> None:
    device = person.device()
    port_id = person.port(device, policy="cut", dwellSeconds=0, thresholdWatts=10)["portId"]
    device.send([reading(port_id, now_ms(), 4.6)])
    deliver()
    (found, _) = phantom_event_store.load_events_of_port(port_id, 10, None)
    assert len(found) == 1
    assert person.close_account().status == 202
    delete_requested(Deadline(600), now_ms())
    assert phantom_event_store.load_events_of_port(port_id, 10, None) == ([], None)
    assert ports.load_ports_of_device(port_id.partition("-")[0]) == []
    assert load_deletion_requests(10) == []


def test_a_subject_that_cannot_be_purged_keeps_no_other_from_going(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_requested(Deadline(600), now_ms())
    request_deletions([f"device#uid-{number}" for number in range(6)], now_ms())
    remove = remove_some_readings

    def remove_but_one(device_uid: str, most: int) -> int:
        if device_uid == "uid-3":
            raise ZeroDivisionError
        return remove(device_uid, most)

    monkeypatch.setattr(worker, "remove_some_readings", remove_but_one)
    monkeypatch.setattr(worker, "SUBJECTS_PER_ROUND", 2)
    with pytest.raises(ZeroDivisionError):
        delete_requested(Deadline(600), now_ms())
    assert load_deletion_requests(10) == ["device#uid-3"]
    monkeypatch.undo()
    assert delete_requested(Deadline(600), now_ms()) == 1
    assert load_deletion_requests(10) == []
