"""Rate limits over real HTTP: past a limit 429 with Retry-After and nothing done; others are not held up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from chalicelib.core import rate_limits
from chalicelib.core.schemas import Answer
from chalicelib.core.settings import settings
from chalicelib.devices import service
from chalicelib.realtime import device_channel
from tests.conftest import Answered, Call, Person, now_ms, reading
from tests.integration.mqtt_events import principal_of, publish_as

SetLimits = Callable[[str], None]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetLimits]:
    """Set the limits of this process, all buckets full."""

    def set_limits(text: str) -> None:
        monkeypatch.setenv("LIMITS", f"sign_ups=off address_calls=off {text}")
        settings.cache_clear()
        rate_limits.clear()

    yield set_limits
    monkeypatch.undo()
    settings.cache_clear()
    rate_limits.clear()


def is_limited(answer: Answered) -> bool:
    """Whether an answer is a refusal for too many calls, in the form of all errors."""
    if answer.status != 429:
        return False
    assert (answer.body["success"], answer.body["code"]) == (False, "too_many_requests")
    assert int(answer.headers["Retry-After"]) >= 1
    return True


def test_a_device_past_its_limit_waits_and_others_do_not(person: Person, stranger: Person, limits: SetLimits) -> None:
    noisy, quiet = person.device(), stranger.device()
    limits("device_calls=5+1/h")
    answers = [noisy.call("POST", "/device/heartbeat") for _ in range(7)]
    assert [answer.status for answer in answers[:5]] == [200] * 5
    assert all(is_limited(answer) for answer in answers[5:])
    assert quiet.call("POST", "/device/heartbeat").status == 200
    assert person.call("GET", "/device/list").status == 200


def test_every_kind_of_call_of_a_device_counts_for_it_over_http_and_mqtt(
    person: Person, limits: SetLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, Any]] = []

    def note(_: str, answer: Answer) -> None:
        answers.append(json.loads(msgspec.json.encode(answer)))

    monkeypatch.setattr(device_channel, "publish_to_device", note)
    device = person.device()
    port_id = person.port(device)["portId"]
    one = {"portId": port_id, "voltage": 230, "current": 0.1, "power": 4}
    principal = principal_of(device)
    limits("device_calls=4+1/h")
    assert device.call("POST", "/device/data", {"sensors": {"t": 1}}).status == 200
    in_body = device.call_entry("POST", "/sensor/reading", {**one, "deviceToken": device.api_key})
    assert in_body.status == 200
    assert device.send([reading(port_id, now_ms(), 4)]).status == 200
    for _ in range(2):
        publish_as(principal, device, {"t": 2})
    assert [answer["success"] for answer in answers] == [True, False]
    assert answers[1]["code"] == "too_many_requests"
    assert answers[1]["retryAfterSeconds"] >= 1
    assert is_limited(device.call_entry("POST", "/sensor/reading", {**one, "deviceToken": device.api_key}))
    assert is_limited(device.call("POST", "/device/heartbeat"))


def test_a_batch_past_the_readings_of_a_minute_is_stored_when_it_comes_again(person: Person, limits: SetLimits) -> None:
    device = person.device()
    port_id = person.port(device)["portId"]
    start_ms = now_ms() - 60_000
    limits("device_readings=10+1/h")
    batches = [[reading(port_id, start_ms + 100 * batch + at, 4) for at in range(6)] for batch in range(2)]
    assert device.send(batches[0], "first").status == 200
    assert is_limited(device.send(batches[1], "second"))
    limits("device_readings=10+1/h")
    again = device.send(batches[1], "second")
    assert [result["status"] for result in again.body["results"]] == ["stored"] * 6


def test_a_refused_call_never_reaches_the_database(
    person: Person, limits: SetLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = person.device()
    limits("device_calls=1+1/h")
    assert device.call("POST", "/device/heartbeat").status == 200

    def load(_: str) -> None:
        raise AssertionError("the device was looked up")

    monkeypatch.setattr(service, "load_device", load)
    assert is_limited(device.call("POST", "/device/heartbeat"))


def test_a_person_past_the_limit_waits_in_all_browsers_and_others_do_not(
    call: Call, person: Person, stranger: Person, limits: SetLimits
) -> None:
    limits("user_calls=3+1/h")
    second = call("POST", "/account/login", {"email": person.email, "password": person.password}).body
    assert [person.call("GET", "/account").status for _ in range(3)] == [200] * 3
    assert is_limited(call("GET", "/account", x_session_token=second["sessionToken"]))
    assert stranger.call("GET", "/account").status == 200


def test_who_shows_wrong_keys_is_counted_by_address_and_right_keys_pass(
    call: Call, person: Person, limits: SetLimits
) -> None:
    device = person.device()
    limits("address_calls=3+1/h")
    assert device.call("POST", "/device/heartbeat").status == 200
    wrong = [call("POST", "/device/heartbeat", None, Authorization=f"Device gwk.x.{n}") for n in range(3)]
    assert [answer.status for answer in wrong] == [401] * 3
    assert is_limited(call("POST", "/device/heartbeat", None, Authorization="Device gwk.x.9"))
    assert is_limited(call("GET", "/account", x_session_token="wrong"))
    assert is_limited(call("POST", "/device/claim/token", {"deviceCode": "x"}))
    assert device.call("POST", "/device/heartbeat").status == 200, "a key that was right before"


def test_a_key_that_was_replaced_takes_nothing_from_the_device(person: Person, limits: SetLimits) -> None:
    device = person.device()
    limits("device_calls=6+1/h")
    assert device.call("POST", "/device/heartbeat").status == 200
    new_key = person.call("POST", f"/device/{device.device_id}/key", {}).body["apiKey"]
    fresh = type(device)(device.device_id, new_key, device.call_entry)
    assert fresh.call("POST", "/device/heartbeat").status == 200
    assert [device.call("POST", "/device/heartbeat").status for _ in range(10)] == [401] * 10
    assert fresh.call("POST", "/device/heartbeat").status == 200


def test_sign_ups_of_one_address_are_limited_and_log_in_is_not(
    call: Call, person: Person, limits: SetLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.core.http.address_bucket", lambda _: f"address of {person.email}")
    limits("sign_ups=2+1/h")
    body = {"password": "correct horse battery"}
    answers = [call("POST", "/account/signup", {"email": f"{n}-{person.email}", **body}) for n in range(4)]
    assert [answer.status for answer in answers[:2]] == [201, 201]
    assert all(is_limited(answer) for answer in answers[2:])
    rate_limits.clear()  # another process: this limit is in the database
    assert is_limited(call("POST", "/account/signup", {"email": f"9-{person.email}", **body}))
    assert call("POST", "/account/login", {"email": person.email, "password": person.password}).status == 200
