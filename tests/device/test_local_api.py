from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ghostwatt_pi.claim import ClaimState
from ghostwatt_pi.home import Home
from ghostwatt_pi.local_api import MAX_BODY_BYTES, LocalApi
from ghostwatt_pi.wire import Claim

from .fake_cloud import FakeCloud

GOOD = {"apiKey": "key-1", "deviceName": "Kitchen"}


@pytest.fixture
def unpaired(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def page(unpaired: Home, cloud: FakeCloud) -> Iterator[LocalApi]:
    made = LocalApi(0, unpaired, "GW-1", cloud.url, ClaimState())
    made.start()
    yield made
    made.stop()


def post(page: LocalApi, path: str = "device-register", body: object = GOOD, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(
        page.url + path, data=data, headers={"Content-Type": "application/json", **headers}, timeout=10
    )


def test_the_device_says_who_it_is_and_whether_it_is_registered(page: LocalApi, unpaired: Home) -> None:
    answer = requests.get(page.url + "device-id", timeout=10)
    assert answer.json() == {"success": True, "deviceId": "GW-1", "registered": False}
    unpaired.save_key("key-1")
    assert requests.get(page.url + "device-id", timeout=10).json()["registered"] is True


@pytest.mark.parametrize("path", ["device-register", "save-api-key"])
def test_a_key_that_the_cloud_knows_is_kept(page: LocalApi, unpaired: Home, path: str) -> None:
    answer = post(page, path)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert unpaired.read_key() == "key-1"
    assert "key-1" not in answer.text


def test_a_key_that_the_cloud_does_not_know_is_not_kept(page: LocalApi, unpaired: Home) -> None:
    answer = post(page, body={"apiKey": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
    assert unpaired.read_key() is None


def test_a_key_that_cannot_be_checked_is_not_kept(page: LocalApi, unpaired: Home, cloud: FakeCloud) -> None:
    cloud.fail("/device/heartbeat", 503)
    assert post(page).status_code == 503
    assert unpaired.read_key() is None


def test_a_second_registration_is_refused(page: LocalApi, unpaired: Home) -> None:
    unpaired.save_key("mine")
    assert post(page).status_code == 409
    assert unpaired.read_key() == "mine"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (GOOD, {"Host": "evil.example"}, 403),
        (GOOD, {"Origin": "https://evil.example"}, 403),
        (GOOD, {"Origin": "null"}, 403),
        (GOOD, {"Content-Type": "text/plain"}, 415),
        (b"x" * (MAX_BODY_BYTES + 1), {}, 413),
        (b"not json", {}, 400),
        (b"[" * 4000, {}, 400),
        (b"", {}, 400),
        ([GOOD], {}, 400),
        ({"apiKey": 5}, {}, 422),
        ({"apiKey": "a\nb"}, {}, 422),
        ({}, {}, 422),
    ],
)
def test_a_foreign_or_malformed_call_is_refused(
    page: LocalApi, unpaired: Home, body: object, headers: dict[str, str], status: int
) -> None:
    answer = post(page, body=body, **headers)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert unpaired.read_key() is None


def test_a_foreign_name_that_leads_here_learns_nothing(page: LocalApi) -> None:
    answer = requests.get(page.url + "device-id", headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 403
    assert "GW-1" not in answer.text


def test_the_clouds_page_may_call(page: LocalApi, cloud: FakeCloud) -> None:
    origin = cloud.url.removesuffix("/api")
    before = requests.options(page.url + "device-register", headers={"Origin": origin}, timeout=10)
    assert before.headers["Access-Control-Allow-Origin"] == origin
    assert before.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert post(page, Origin=origin).headers["Access-Control-Allow-Origin"] == origin


def test_the_page_shows_the_claim_code_until_the_device_is_paired(page: LocalApi, unpaired: Home) -> None:
    assert "Not paired yet" in requests.get(page.url, timeout=10).text
    page.claim.claim = Claim("secret", "ABCD-2345", "http://c/pair", "http://c/pair?code=ABCD-2345&x", 600, 5)
    text = requests.get(page.url, timeout=10).text
    assert "ABCD-2345" in text
    assert "code=ABCD-2345&amp;x" in text
    assert "secret" not in text
    unpaired.save_key("key-1")
    assert "ABCD-2345" not in requests.get(page.url, timeout=10).text


def test_what_is_not_there_is_not_found(page: LocalApi) -> None:
    assert requests.get(page.url + "nothing", timeout=10).status_code == 404
    assert post(page, "nothing").status_code == 404
