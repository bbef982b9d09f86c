"""The same thing asked twice at the same moment: it is done once, and each is told what is true."""

from __future__ import annotations

import secrets
from collections import Counter
from functools import partial

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import Answered, Call, Person, now_ms, reading
from tests.contract.conftest import at_once, together


def statuses(answers: list[Answered]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_one_batch_is_stored_once(person: Person) -> None:
    device = person.device()
    port_id = person.port(device)["portId"]
    at_ms, batch_id = now_ms(), secrets.token_hex(8)
    readings = [reading(port_id, at_ms - 1_000 * number, 100.0 + number) for number in range(50)]
    answers = at_once(lambda _: device.send(readings, batch_id, at_ms), 6)
    assert statuses(answers) == {200: 6}
    told = Counter(result["status"] for answer in answers for result in answer.body["results"])
    assert told == {"stored": 50, "duplicate": 250}
    assert len(person.call("GET", f"/port/{port_id}/history").body["readings"]) == 50


def test_one_batch_id_with_other_readings_is_a_conflict(person: Person) -> None:
    device = person.device()
    port_id = person.port(device)["portId"]
    at_ms, batch_id = now_ms(), secrets.token_hex(8)
    answers = at_once(lambda number: device.send([reading(port_id, at_ms, 100.0 + number)], batch_id, at_ms), 4)
    assert statuses(answers) == {200: 1, 409: 3}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"batch_conflict"}
    (stored,) = person.call("GET", f"/port/{port_id}/history").body["readings"]
    (number,) = (number for number, answer in enumerate(answers) if answer.status == 200)
    assert stored["power"] == 100.0 + number


def test_one_timed_reading_is_stored_once(person: Person, call: Call) -> None:
    device = person.device()
    port_id, at_ms = person.port(device)["portId"], now_ms()
    body = {"deviceToken": device.api_key, "portId": port_id, "voltage": 230, "current": 1, "timestamp": at_ms}
    answers = at_once(lambda number: call("POST", "/sensor/reading", {**body, "power": 100 + number}), 4)
    assert statuses(answers) == {200: 4}
    (stored,) = person.call("GET", f"/port/{port_id}/history").body["readings"]
    assert {answer.body["data"]["reading"]["power"] for answer in answers} == {stored["power"]}


def test_one_channel_gets_one_port(person: Person) -> None:
    device = person.device()
    body = {"deviceId": device.device_id, "channel": 3}
    answers = at_once(lambda number: person.call("POST", "/port", {**body, "name": f"Port {number}"}), 5)
    assert statuses(answers) == {201: 1, 409: 4}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"channel_taken"}
    assert len(person.call("GET", "/port/list").body["ports"]) == 1


def test_ports_without_a_channel_get_one_each(person: Person) -> None:
    device = person.device()
    body = {"deviceId": device.device_id, "name": "Port"}
    answers = at_once(lambda _: person.call("POST", "/port", body), 4)
    assert statuses(answers) == {201: 4}
    assert sorted(answer.body["channel"] for answer in answers) == [1, 2, 3, 4]


def test_one_device_gets_one_owner(person: Person, stranger: Person) -> None:
    body = {"deviceId": f"GW-{secrets.token_hex(6)}"}
    answers = at_once(lambda number: (person, stranger)[number].call("POST", "/device/register", body), 2)
    assert statuses(answers) == {200: 1, 409: 1}


def test_registering_ones_own_device_twice_leaves_a_good_key(person: Person, call: Call) -> None:
    body = {"deviceId": f"GW-{secrets.token_hex(6)}"}
    answers = at_once(lambda _: person.call("POST", "/device/register", body), 3)
    assert statuses(answers) == {200: 3}
    keys = [answer.body["apiKey"] for answer in answers]
    _, then = ([call("POST", "/device/heartbeat", Authorization=f"Device {key}").status for key in keys] for _ in "12")
    assert Counter(then) == {200: 1, 401: 2}, "once each was tried, the newest is the only one"


def test_a_key_that_was_used_outlives_a_rotation_at_the_same_moment(person: Person, call: Call) -> None:
    device = person.device()
    rotate = f"/device/{device.device_id}/key"

    def beat(key: str) -> Answered:
        return call("POST", "/device/heartbeat", Authorization=f"Device {key}")

    for _ in range(6):
        fresh = person.call("POST", rotate).body["apiKey"]
        used, rotated = together([partial(beat, fresh), partial(person.call, "POST", rotate)])
        refused = used.status == 200 and beat(fresh).status != 200
        assert not refused, "a key that was taken is refused, though the next was never used"
        assert beat(rotated.body["apiKey"]).status == 200, "a key that was just shown is refused"


def test_one_claim_gets_one_owner_and_one_key(person: Person, stranger: Person, call: Call) -> None:
    claim = call("POST", "/device/claim", {"deviceId": f"GW-{secrets.token_hex(6)}"}).body
    body = {"userCode": claim["userCode"]}
    answers = at_once(lambda number: (person, stranger)[number].call("POST", "/device/claim/approve", body), 2)
    assert statuses(answers) == {200: 1, 409: 1}
    polls = at_once(lambda _: call("POST", "/device/claim/token", {"deviceCode": claim["deviceCode"]}), 4)
    assert statuses(polls) == {200: 1, 400: 3}
    (key,) = (poll.body["apiKey"] for poll in polls if poll.status == 200)
    assert call("POST", "/device/heartbeat", Authorization=f"Device {key}").status == 200
    owners = [len(who.call("GET", "/device/list").body["devices"]) for who in (person, stranger)]
    assert owners == [int(answer.status == 200) for answer in answers]


def test_a_refresh_token_used_twice_ends_the_family(call: Call) -> None:
    body = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse"}
    session = call("POST", "/account/signup", body).body
    answers = at_once(lambda _: call("POST", "/account/refresh", {"refreshToken": session["refreshToken"]}), 4)
    assert statuses(answers) == {200: 1, 401: 3}
    (winner,) = (answer.body for answer in answers if answer.status == 200)
    assert call("GET", "/account", x_session_token=winner["sessionToken"]).status == 401
    assert call("POST", "/account/refresh", {"refreshToken": winner["refreshToken"]}).status == 401


def test_one_address_gets_one_account(call: Call) -> None:
    body = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse"}
    answers = at_once(lambda _: call("POST", "/account/signup", body), 4)
    assert statuses(answers) == {201: 1, 409: 3}


def test_each_switch_has_a_version_of_its_own(person: Person) -> None:
    port_id = person.port(person.device())["portId"]
    states = ["on", "off", "on", "off"]
    answers = at_once(lambda number: person.call("POST", f"/port/{port_id}/switch", {"state": states[number]}), 4)
    assert statuses(answers) == {200: 4}
    assert sorted(answer.body["version"] for answer in answers) == [1, 2, 3, 4]
    last = next(state for state, answer in zip(states, answers, strict=True) if answer.body["version"] == 4)
    assert person.call("GET", f"/port/{port_id}").body["relay"]["desired"] == last


def test_one_ticket_opens_one_socket(person: Person, socket_refusal: int) -> None:
    url = person.call("POST", "/live/ticket").body["url"]

    def status(_: int) -> int:
        try:
            with connect(url):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code

    assert sorted(at_once(status, 4)) == [101, *[socket_refusal] * 3]
    assert status(0) == socket_refusal
