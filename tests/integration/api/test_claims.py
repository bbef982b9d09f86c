"""Pairing by short code."""

from __future__ import annotations

import secrets
from typing import Any

from tests.conftest import Answered, Call, Person


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


def test_possession_takes_over_a_device_whose_key_was_never_used(call: Call, person: Person, stranger: Person) -> None:
    squatted = stranger.device()
    started = start(call, squatted.device_id)
    assert approve(person, started).status == 200
    paired = poll(call, started)
    assert call("POST", "/device/heartbeat", Authorization=f"Device {paired.body['apiKey']}").status == 200
    assert squatted.call("POST", "/device/heartbeat").status == 401
    assert stranger.call("GET", f"/device/{squatted.device_id}").status == 404


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
