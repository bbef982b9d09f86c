"""Pairing by short code."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.accounts.store import load_open_account
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import BadRequest, Conflict, NotFound, Unauthenticated, Unavailable
from chalicelib.core.identifiers import digest
from chalicelib.core.times import DAY_MS
from chalicelib.devices.pairing_service import approve_claim, collect_key, start_pairing
from chalicelib.devices.service import add_device, register_device
from chalicelib.devices.store import load_device
from infra.local.emulator.clients import create_client
from tests.conftest import Answered, Call, Person, now_ms


def start(call: Call, device_id: str | None = None) -> dict[str, Any]:
    answer = call("POST", "/device/claim", {"deviceId": device_id or f"GW-{secrets.token_hex(6)}"})
    assert answer.status == 200, answer
    started: dict[str, Any] = answer.body
    return started


def poll(call: Call, started: dict[str, Any]) -> Answered:
    return call("POST", "/device/claim/token", {"deviceCode": started["deviceCode"]})


def approve(person: Person, started: dict[str, Any], name: str = "Attic Pi") -> Answered:
    return person.call("POST", "/device/claim/approve", {"userCode": started["userCode"], "deviceName": name})


def test_a_pi_is_paired_by_code_and_gets_its_key_once(call: Call, person: Person) -> None:
    device_id = f"GW-{secrets.token_hex(6)}"
    started = start(call, device_id)
    assert started["verificationUriComplete"].endswith(f"?code={started['userCode']}")
    assert (poll(call, started).status, poll(call, started).body["code"]) == (400, "slow_down")
    assert person.call("GET", f"/device/claim/{started['userCode']}").body["deviceId"] == device_id
    assert approve(person, started).body["state"] == "approved"
    paired = poll(call, started)
    assert (paired.status, paired.body["deviceId"]) == (200, device_id)
    key = f"Device {paired.body['apiKey']}"
    assert call("POST", "/device/heartbeat", Authorization=key).status == 200
    assert poll(call, started).body["code"] == "expired_token"
    (listed,) = person.call("GET", "/device/list").body["devices"]
    assert (listed["name"], listed["status"]) == ("Attic Pi", "online")


def test_the_same_owner_has_the_same_tag_at_each_pairing_and_another_owner_another(
    call: Call, person: Person, stranger: Person
) -> None:
    device_id = f"GW-{secrets.token_hex(6)}"

    def pair(owner: Person) -> str:
        started = start(call, device_id)
        assert approve(owner, started).status == 200
        tag: str = poll(call, started).body["ownerTag"]
        assert owner.call("DELETE", f"/device/{device_id}").status == 200
        return tag

    first = pair(person)
    assert pair(person) == first
    assert pair(stranger) != first


def test_before_approval_the_pi_waits(call: Call) -> None:
    answer = poll(call, start(call))
    assert (answer.status, answer.body["code"], answer.body["success"]) == (400, "authorization_pending", False)


def test_a_typed_code_need_not_be_tidy(call: Call, person: Person) -> None:
    started = start(call)
    untidy = " " + started["userCode"].lower().replace("-", "") + " "
    assert person.call("POST", "/device/claim/approve", {"userCode": untidy}).status == 200


def test_a_denied_pi_is_told_so(call: Call, person: Person) -> None:
    started = start(call)
    assert person.call("POST", "/device/claim/deny", {"userCode": started["userCode"]}).body["state"] == "denied"
    assert poll(call, started).body["code"] == "access_denied"


def test_two_people_cannot_both_take_it(call: Call, person: Person, stranger: Person) -> None:
    started = start(call)
    assert approve(person, started).status == 200
    assert approve(person, started).status == 200
    answer = approve(stranger, started)
    assert (answer.status, answer.body["code"]) == (409, "decided")


def test_a_device_whose_key_was_used_is_owned(call: Call, person: Person) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    answer = call("POST", "/device/claim", {"deviceId": device.device_id})
    assert (answer.status, answer.body["code"]) == (409, "owned")


def told_of_pairing(person: Person) -> list[str]:
    told = person.call("GET", "/notification/list").body["notifications"]
    return [entry["message"] for entry in told if entry["kind"] == "pairing_refused"]


def test_a_device_whose_key_was_never_used_is_its_owner_s_alone(call: Call, person: Person, stranger: Person) -> None:
    device = stranger.device("Hall Pi")
    answer = approve(person, start(call, device.device_id))
    assert (answer.status, answer.body["code"]) == (409, "owned")
    assert device.call("POST", "/device/heartbeat").status == 200, "the owner's key is alive"
    assert [message[:37] for message in told_of_pairing(stranger)] == ["Somebody tried to pair Hall Pi, which"]
    assert not told_of_pairing(person)


def test_between_approval_and_first_call_nobody_else_can_take_it(call: Call, person: Person, stranger: Person) -> None:
    started = start(call)
    device_id = person.call("GET", f"/device/claim/{started['userCode']}").body["deviceId"]
    assert approve(person, started).status == 200
    assert approve(stranger, start(call, device_id)).status == 409
    assert poll(call, started).status == 200
    assert told_of_pairing(person)


def test_its_owner_may_pair_it_by_code_within_a_day(call: Call, person: Person) -> None:
    device = person.device()
    uid = uid_of(device.device_id)
    started = start(call, device.device_id)
    assert approve(person, started, "Hall Pi").status == 200
    key = poll(call, started).body["apiKey"]
    assert call("POST", "/device/heartbeat", Authorization=f"Device {key}").status == 200
    assert device.call("POST", "/device/heartbeat").status == 401, "the key of registering was replaced"
    assert uid_of(device.device_id) == uid
    assert person.call("GET", f"/device/{device.device_id}").body["device"]["name"] == "Hall Pi"


def uid_of(device_id: str) -> str:
    device = load_device(device_id)
    assert device is not None
    return device.device_uid


def test_a_day_after_registering_a_code_takes_no_device(person: Person) -> None:
    device = person.device()
    tomorrow_ms = now_ms() + DAY_MS
    with pytest.raises(Conflict, match="belongs to somebody") as refused:
        start_pairing(device.device_id, "192.0.2.1", tomorrow_ms)
    assert refused.value.code == "owned"
    _, started = start_pairing(device.device_id, "192.0.2.1", tomorrow_ms - 60_000)
    account = load_open_account(person.email)
    assert account is not None
    with pytest.raises(Conflict, match="belongs to somebody"):
        approve_claim(account, started.user_code, None, tomorrow_ms)
    assert len(told_of_pairing(person)) == 1


def test_an_owner_is_told_once_a_day_whoever_tries_and_how(call: Call, person: Person, stranger: Person) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    body = {"deviceId": device.device_id}
    for _ in range(3):
        assert call("POST", "/device/claim", body).status == 409
    assert stranger.call("POST", "/device/register", body).status == 409
    add = {"device_id": device.device_id, "name": "Mine now"}
    assert stranger.call("POST", "/devices", add).status == 400
    assert len(told_of_pairing(person)) == 1
    with pytest.raises(Conflict):
        start_pairing(device.device_id, "192.0.2.1", now_ms() + DAY_MS)
    assert len(told_of_pairing(person)) == 2
    assert person.call("POST", "/devices", add).status == 400
    assert person.call("POST", "/device/register", body).status == 200
    assert len(told_of_pairing(person)) == 2, "one's own doing is no news"


def test_a_device_that_was_released_does_not_come_back_by_its_code(call: Call, person: Person) -> None:
    started = start(call)
    device_id = person.call("GET", f"/device/claim/{started['userCode']}").body["deviceId"]
    approve(person, started)
    assert person.call("DELETE", f"/device/{device_id}").status == 200
    assert poll(call, started).body["code"] == "access_denied"
    assert person.call("POST", "/device/register", {"deviceId": device_id}).status == 200
    assert poll(call, started).body["code"] == "access_denied", "it is another one by now"
    assert load_device(device_id) is not None


def test_a_device_does_not_outlive_its_account(call: Call, person: Person, stranger: Person) -> None:
    started = start(call)
    device_id = person.call("GET", f"/device/claim/{started['userCode']}").body["deviceId"]
    approve(person, started)
    assert person.call("DELETE", "/account", {"currentPassword": person.password}).status == 202
    assert poll(call, started).body["code"] == "access_denied"
    assert load_device(device_id) is None
    assert stranger.call("POST", "/device/register", {"deviceId": device_id}).status == 200


@pytest.mark.parametrize("how", ["approve", "register", "add"])
def test_an_account_that_closes_at_the_same_moment_gets_no_device(
    call: Call, person: Person, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It closes after it was looked at, and before the device is stored."""
    device_id, commit = f"GW-{secrets.token_hex(6)}", Transaction.commit
    started = start(call, device_id)

    def close_first(write: Transaction) -> bool:
        monkeypatch.setattr(Transaction, "commit", commit)
        assert person.call("DELETE", "/account", {"currentPassword": person.password}).status == 202
        return commit(write)

    account = load_open_account(person.email)
    assert account is not None
    monkeypatch.setattr(Transaction, "commit", close_first)
    take: Callable[[], object] = {
        "approve": lambda: approve_claim(account, started["userCode"], None, now_ms()),
        "register": lambda: register_device(account, device_id, "Pi", now_ms()),
        "add": lambda: add_device(account, device_id, "Pi", now_ms()),
    }[how]
    with pytest.raises((Unauthenticated, NotFound)):
        take()
    assert load_device(device_id) is None


def lost_answer(call: Call, person: Person) -> tuple[str, str, int]:
    """A pairing of which the Pi did not hear the key: its device code, the key, when it was given."""
    started = start(call)
    approve(person, started)
    at_ms = now_ms()
    _, key = collect_key(started["deviceCode"], at_ms)
    return started["deviceCode"], key, at_ms


def test_a_lost_answer_is_given_again_for_a_minute(call: Call, person: Person) -> None:
    device_code, key, at_ms = lost_answer(call, person)
    with pytest.raises(BadRequest) as too_soon:
        collect_key(device_code, at_ms + 100)
    assert too_soon.value.code == "slow_down"
    assert collect_key(device_code, at_ms + 3_000)[1] == key
    assert collect_key(device_code, at_ms + 59_000)[1] == key
    with pytest.raises(BadRequest) as too_late:
        collect_key(device_code, at_ms + 60_000)
    assert too_late.value.code == "expired_token"
    assert call("POST", "/device/heartbeat", Authorization=f"Device {key}").status == 200


@pytest.mark.parametrize("then", ["used", "replaced", "released"])
def test_it_is_given_again_only_while_it_waits_to_be_used(call: Call, person: Person, then: str) -> None:
    device_code, key, at_ms = lost_answer(call, person)
    device_id = key.split(".")[1]
    if then == "used":
        call("POST", "/device/heartbeat", Authorization=f"Device {key}")
    elif then == "replaced":
        person.call("POST", f"/device/{device_id}/key")
    else:
        person.call("DELETE", f"/device/{device_id}")
    with pytest.raises(BadRequest) as refused:
        collect_key(device_code, at_ms + 3_000)
    assert refused.value.code == ("access_denied" if then == "released" else "expired_token")


def test_neither_key_nor_device_code_is_stored(call: Call, person: Person, database: str) -> None:
    device_code, key, _ = lost_answer(call, person)
    client = create_client("dynamodb", database)
    for table in ("claims", "devices"):
        stored = str(client.scan(TableName=f"ghostwatt-local-{table}")["Items"])
        assert key.split(".")[1] in stored
        assert device_code not in stored
        assert key.split(".")[2] not in stored


def test_an_approval_outlives_a_database_that_fails_amid_the_answer(
    call: Call, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start(call)
    approve(person, started)

    def fail(_: Transaction) -> bool:
        raise Unavailable("down", code="database_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", fail)
        assert poll(call, started).status == 503
    assert poll(call, started).status == 200


def test_a_claim_that_an_older_version_approved_is_collected(call: Call, person: Person, database: str) -> None:
    started = start(call)
    approve(person, started)
    key = {"device_code_sha256": {"S": digest(started["deviceCode"])}}
    create_client("dynamodb", database).update_item(
        TableName="ghostwatt-local-claims", Key=key, UpdateExpression="REMOVE device_uid"
    )
    assert poll(call, started).status == 200


def test_an_unknown_code_is_404_and_guessing_is_slowed_down(person: Person) -> None:
    answers = [person.call("GET", f"/device/claim/BBBB-BBB{letter}") for letter in "BCDFGHJKLMNPQRST"]
    assert answers[0].status == 404
    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_device_code_that_was_never_given_out_is_expired(call: Call) -> None:
    answer = call("POST", "/device/claim/token", {"deviceCode": "made-up"})
    assert (answer.status, answer.body["code"]) == (400, "expired_token")


def test_claiming_needs_a_person(call: Call) -> None:
    code = start(call)["userCode"]
    assert call("GET", f"/device/claim/{code}").status == 401
    assert call("POST", "/device/claim/approve", {"userCode": code}).status == 401
