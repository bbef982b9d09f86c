from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ghostwatt_pi.cloud.claim import ClaimState
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.access import MAX_BODY_BYTES, MAX_WRONG_WORDS
from ghostwatt_pi.local.allowed_page import ALLOWED_MS, allow_page
from ghostwatt_pi.local.server import MAX_CALLS, LocalApi
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.schemas import Claim

from .conftest import until
from .fake_cloud import FakeCloud

SEEN = Snapshot(
    measured=1200, settled={"stored": 1000}, waiting=200, outlets=(OutletSnapshot(1, "off", 230.1, 0.4, 92.0, 1000),)
)
KEY = "gwk.GW-1.a-secret"
GOOD = {"apiKey": KEY, "deviceName": "Kitchen"}


@pytest.fixture
def unpaired(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path)


@pytest.fixture
def page(unpaired: DataDirectory, cloud: FakeCloud) -> Iterator[LocalApi]:
    cloud.api_key = KEY
    made = LocalApi(0, unpaired, "GW-1", cloud.url, ClaimState())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def lan_page(unpaired: DataDirectory, cloud: FakeCloud) -> Iterator[LocalApi]:
    cloud.api_key = KEY
    made = LocalApi(0, unpaired, "GW-1", cloud.url, ClaimState(), lan=True, snapshot=lambda: SEEN)
    made.start()
    yield made
    made.stop()


def own_address() -> str:
    """An address of this machine on its network: calls to it come from there too, as a stranger's would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("a caller from the network is not tried: this machine has no network")
        return str(probe.getsockname()[0])


def raw(page: LocalApi, request: bytes) -> bytes:
    """The answer to a request that no library would send."""
    with socket.create_connection(("127.0.0.1", page.server_port), 10) as line:
        line.sendall(request)
        return line.makefile("rb").read()


def post(page: LocalApi, path: str = "device-register", body: object = GOOD, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return requests.post(
        page.url + path, data=data, headers={"Content-Type": "application/json", **headers}, timeout=60
    )


def test_the_device_says_who_it_is_and_whether_it_is_registered(page: LocalApi, unpaired: DataDirectory) -> None:
    answer = requests.get(page.url + "device-id", timeout=60)
    assert answer.json() == {"success": True, "deviceId": "GW-1", "registered": False}
    unpaired.save_key("key-1")
    assert requests.get(page.url + "device-id", timeout=60).json()["registered"] is True


@pytest.mark.parametrize("path", ["device-register", "save-api-key"])
def test_a_key_that_the_cloud_knows_is_kept(page: LocalApi, unpaired: DataDirectory, path: str) -> None:
    answer = post(page, path)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert unpaired.read_key() == KEY
    assert KEY not in answer.text


def test_a_key_that_the_cloud_does_not_know_is_not_kept(page: LocalApi, unpaired: DataDirectory) -> None:
    answer = post(page, body={"apiKey": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
    assert unpaired.read_key() is None


def test_a_key_that_cannot_be_checked_is_not_kept(page: LocalApi, unpaired: DataDirectory, cloud: FakeCloud) -> None:
    cloud.fail("/device/heartbeat", 503)
    assert post(page).status_code == 503
    assert unpaired.read_key() is None


def test_a_second_registration_is_refused(page: LocalApi, unpaired: DataDirectory) -> None:
    unpaired.save_key("mine")
    assert post(page).status_code == 409
    assert unpaired.read_key() == "mine"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (GOOD, {"Host": "evil.example"}, 403),
        (GOOD, {"Origin": "https://evil.example"}, 403),
        (GOOD, {"Host": "[broken"}, 403),
        (GOOD, {"Host": "192.168.1.7:5000"}, 403),
        (GOOD, {"Origin": "null"}, 403),
        (GOOD, {"Origin": ""}, 403),
        (GOOD, {"Origin": "ftp://localhost"}, 403),
        (GOOD, {"Origin": "http://localhost.evil.example"}, 403),
        (GOOD, {"Origin": "http://[broken"}, 403),
        (GOOD, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (GOOD, {"Content-Type": "text/plain"}, 415),
        (b"x" * (MAX_BODY_BYTES + 1), {}, 413),
        (b"x" * 900_000, {}, 413),
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
    page: LocalApi, unpaired: DataDirectory, body: object, headers: dict[str, str], status: int
) -> None:
    answer = post(page, body=body, **headers)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    told = {"https://evil.example", "null", "http://localhost.evil.example"} & {headers.get("Origin", "")}
    assert answer.headers.get("Access-Control-Allow-Origin") == (told.pop() if told else None)
    assert unpaired.read_key() is None


def test_a_foreign_name_that_leads_here_learns_nothing(page: LocalApi) -> None:
    answer = requests.get(page.url + "device-id", headers={"Host": "evil.example"}, timeout=60)
    assert answer.status_code == 403
    assert "GW-1" not in answer.text


def test_the_clouds_page_may_call(page: LocalApi, cloud: FakeCloud) -> None:
    origin = cloud.url.removesuffix("/api")
    before = requests.options(page.url + "device-register", headers={"Origin": origin}, timeout=60)
    assert before.headers["Access-Control-Allow-Origin"] == origin
    assert before.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert "Access-Control-Allow-Private-Network" not in before.headers
    assert post(page, Origin=origin).headers["Access-Control-Allow-Origin"] == origin


def test_the_page_shows_the_claim_code_until_the_device_is_paired(page: LocalApi, unpaired: DataDirectory) -> None:
    assert "Not paired yet" in requests.get(page.url, timeout=60).text
    page.claim.claim = Claim("secret", "ABCD-2345", "http://c/pair", "http://c/pair?code=ABCD-2345&x", 600, 5)
    text = requests.get(page.url, timeout=60).text
    assert "ABCD-2345" in text
    assert "code=ABCD-2345&amp;x" in text
    assert "secret" not in text
    unpaired.save_key("key-1")
    assert "ABCD-2345" not in requests.get(page.url, timeout=60).text


def test_what_is_not_there_is_not_found(page: LocalApi) -> None:
    assert requests.get(page.url + "nothing", timeout=60).status_code == 404
    assert post(page, "nothing").status_code == 404


def test_a_loopback_page_may_call(page: LocalApi) -> None:
    assert post(page, Origin="http://localhost:8000").headers["Access-Control-Allow-Origin"] == "http://localhost:8000"


def test_chrome_hears_that_the_clouds_page_may_call_into_the_home(page: LocalApi, cloud: FakeCloud) -> None:
    asks = {"Origin": cloud.url.removesuffix("/api"), "Access-Control-Request-Private-Network": "true"}
    answer = requests.options(page.url + "device-register", headers=asks, timeout=60)
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_page_can_read_why_it_is_refused_and_nothing_else(page: LocalApi, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Private-Network": "true"}
    before = requests.options(page.url + "device-register", headers=asks, timeout=60)
    assert (before.status_code, before.headers["Access-Control-Allow-Private-Network"]) == (204, "true")
    for path in ("", "device-id", "status", "metrics"):
        answer = requests.get(page.url + path, headers={"Origin": origin}, timeout=60)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (403, origin)
        assert f"claim --allow-page {origin}" in answer.json()["error"]
        assert "GW-1" not in answer.text


def test_under_a_foreign_name_no_page_reads_anything(page: LocalApi) -> None:
    for ask in (requests.options, requests.get):
        headers = {"Origin": "http://localhost:8000", "Host": "evil.example"}
        answer = ask(page.url + "device-id", headers=headers, timeout=60)
        assert answer.status_code == 403
        assert not any(name.startswith("Access-Control") for name in answer.headers)


def test_an_allowed_page_pairs_the_device_within_ten_minutes(page: LocalApi, unpaired: DataDirectory) -> None:
    origin = "http://192.168.1.5:5173"
    allow_page(unpaired.allowed_page_path, origin, "", now_ms() - ALLOWED_MS - 1)
    assert post(page, Origin=origin).json()["code"] == "bad_origin"
    allow_page(unpaired.allowed_page_path, origin, "", now_ms() + 60_000)  # the clock has been set back since
    assert post(page, Origin=origin).json()["code"] == "bad_origin"
    allow_page(unpaired.allowed_page_path, origin, "", now_ms())
    assert post(page, Origin="http://192.168.1.5:5174").json()["code"] == "bad_origin"
    assert post(page, Origin="null").json()["code"] == "bad_origin"
    assert requests.get(page.url + "device-id", headers={"Origin": origin}, timeout=60).json()["deviceId"] == "GW-1"
    answer = post(page, Origin=origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert unpaired.read_key() == KEY


def test_a_page_from_a_file_needs_the_word_that_was_typed_at_the_pi(page: LocalApi, unpaired: DataDirectory) -> None:
    allow_page(unpaired.allowed_page_path, "null", "Blue Kettle", now_ms())
    for word, code in ((None, "word_needed"), ("red kettle", "bad_word"), (5, "bad_word")):
        assert post(page, body={**GOOD, "word": word}, Origin="null").json()["code"] == code
    asked = requests.get(page.url + "device-id", headers={"Origin": "null"}, timeout=60)
    assert (asked.status_code, asked.json()["code"]) == (403, "word_needed")
    shown = requests.get(page.url + "device-id?word=blue-kettle", headers={"Origin": "null"}, timeout=60)
    assert shown.json()["deviceId"] == "GW-1"
    assert post(page, body={**GOOD, "word": "BLUE KETTLE"}, Origin="null").status_code == 200
    assert unpaired.read_key() == KEY


def test_the_word_for_a_file_cannot_be_guessed(page: LocalApi, unpaired: DataDirectory) -> None:
    allow_page(unpaired.allowed_page_path, "null", "blue kettle", now_ms())
    for _ in range(MAX_WRONG_WORDS):
        post(page, body={**GOOD, "word": "green kettle"}, Origin="null")
    assert post(page, body={**GOOD, "word": "blue kettle"}, Origin="null").json()["code"] == "too_many_words"
    assert unpaired.read_key() is None


def test_an_allowed_page_from_the_network_needs_the_printed_word_too(
    lan_page: LocalApi, unpaired: DataDirectory
) -> None:
    origin = "http://192.168.1.5:5173"
    allow_page(unpaired.allowed_page_path, origin, "", now_ms())
    url = f"http://{own_address()}:{lan_page.server_port}/save-api-key"
    for word, status in (("", 403), (lan_page.confirmation.word, 200)):
        answer = requests.post(url, json={**GOOD, "word": word}, headers={"Origin": origin}, timeout=60)
        assert answer.status_code == status


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"origin": "https://evil.example"}', '{"until_ms": "x"}'])
def test_a_damaged_permission_allows_nobody(page: LocalApi, unpaired: DataDirectory, text: str) -> None:
    unpaired.allowed_page_path.write_text(text)
    assert post(page, Origin="https://evil.example").json()["code"] == "bad_origin"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /device-register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n", b"411"),
        (b"PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
        (b"GET / HTTP/1.1\r\n\r\n", b"403"),
        (b"nonsense with many words\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    ],
)
def test_what_no_browser_sends_is_refused_in_json(page: LocalApi, request_bytes: bytes, status: bytes) -> None:
    answer = raw(page, request_bytes)
    assert status in answer.split(b"\r\n")[0] or b'"code"' in answer
    assert json.loads(answer[answer.index(b"{") :])["success"] is False


def test_too_many_calls_at_once_do_not_take_all_threads(page: LocalApi) -> None:
    lines = [socket.create_connection(("127.0.0.1", page.server_port), 10) for _ in range(MAX_CALLS)]
    until(lambda: not page._calls._value)  # noqa: SLF001 - when all threads are taken
    assert raw(page, b"GET /device-id HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
    for line in lines:
        line.close()
    until(lambda: raw(page, b"GET /device-id HTTP/1.1\r\nHost: localhost\r\n\r\n"))


def test_the_page_shows_a_qr_code_of_the_address_and_needs_nothing_from_elsewhere(page: LocalApi) -> None:
    page.claim.claim = Claim("secret", "ABCD-2345", "http://c/pair", "http://c/pair?code=ABCD-2345", 600, 5)
    answer = requests.get(page.url, timeout=60)
    assert "<svg" in answer.text
    assert not re.search(r"<script|<img|<link|@import|url\(| style=| on\w+=", answer.text)
    style = answer.text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_on_the_pi_itself_the_page_shows_outlets_and_what_waits(lan_page: LocalApi) -> None:
    text = requests.get(lan_page.url, timeout=60).text
    assert "92.0 W" in text
    assert "200 readings" in text


def test_a_script_can_ask_for_the_status(lan_page: LocalApi) -> None:
    status = requests.get(lan_page.url + "status", timeout=60).json()
    assert (status["deviceId"], status["registered"], status["measured"]) == ("GW-1", False, 1200)
    assert status["outlets"][0]["power"] == 92.0


@pytest.mark.parametrize("path", ["", "status", "metrics", "device-id"])
def test_a_stranger_on_the_local_network_sees_no_outlet_and_no_key(
    lan_page: LocalApi, unpaired: DataDirectory, path: str
) -> None:
    unpaired.save_key("very-secret")
    answer = requests.get(f"http://{own_address()}:{lan_page.server_port}/{path}", timeout=60)
    assert answer.status_code == 200
    assert "92" not in re.sub(r"<style>.*</style>", "", answer.text, flags=re.DOTALL)
    assert "very-secret" not in answer.text + str(answer.headers)


def test_a_foreign_name_is_refused_on_the_local_network_too(lan_page: LocalApi) -> None:
    url = f"http://{own_address()}:{lan_page.server_port}/"
    assert requests.get(url, headers={"Host": f"{socket.gethostname()}.local:5000"}, timeout=60).status_code == 200
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=60).status_code == 403


def from_the_network(page: LocalApi, **asked: str) -> str:
    return requests.get(f"http://{own_address()}:{page.server_port}/", params=asked, timeout=60).text


def test_over_the_network_the_claim_code_is_shown_to_who_types_the_word(
    lan_page: LocalApi, unpaired: DataDirectory
) -> None:
    lan_page.claim.claim = Claim("secret", "ABCD-2345", "http://c/pair", "http://c/pair?code=ABCD-2345", 600, 5)
    asked = from_the_network(lan_page)
    assert "ABCD-2345" not in asked
    assert "the word that the Pi printed" in asked
    assert 'http-equiv="refresh"' not in asked, "it would take away what is being typed"
    assert "ABCD-2345" not in from_the_network(lan_page, word="BBB-BBB")
    assert "ABCD-2345" in from_the_network(lan_page, word=lan_page.confirmation.word.lower().replace("-", " "))
    assert "ABCD-2345" in requests.get(lan_page.url, timeout=60).text, "at the Pi itself it is shown as ever"
    unpaired.save_key(KEY)
    assert "printed" not in from_the_network(lan_page), "there is nothing left to ask for"


def post_from_the_network(page: LocalApi, body: object) -> requests.Response:
    url = f"http://{own_address()}:{page.server_port}/save-api-key"
    return requests.post(url, json=body, timeout=60)


def test_over_the_network_a_key_is_taken_from_who_sends_the_word(lan_page: LocalApi, unpaired: DataDirectory) -> None:
    for word, code in ((None, "word_needed"), ("BBB-BBB", "bad_word"), (5, "bad_word"), (["x"], "bad_word")):
        answer = post_from_the_network(lan_page, {**GOOD, "word": word} if word else GOOD)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert unpaired.read_key() is None
    assert post_from_the_network(lan_page, {**GOOD, "word": lan_page.confirmation.word}).status_code == 200
    assert unpaired.read_key() == KEY


def test_the_word_cannot_be_guessed(lan_page: LocalApi, unpaired: DataDirectory) -> None:
    for _ in range(MAX_WRONG_WORDS):
        assert post_from_the_network(lan_page, {**GOOD, "word": "BBB-BBB"}).status_code == 403
    answer = post_from_the_network(lan_page, {**GOOD, "word": lan_page.confirmation.word})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_words")
    assert unpaired.read_key() is None
    assert post(lan_page).status_code == 200, "at the Pi itself a key is still taken"


@pytest.mark.parametrize("path", ["device-register", "save-api-key"])
@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("gwk.GW-2.a-secret", 422, "other_device"),
        ("gwk.GW-10.a-secret", 422, "other_device"),
        ("gwk..a-secret", 401, "bad_key"),
        ("gwk.GW-1.", 401, "bad_key"),
        ("gwk.GW-1", 401, "bad_key"),
        ("GW-1.a-secret", 401, "bad_key"),
        ("a-secret", 401, "bad_key"),
        ("gwk.GW-1.not-the-one", 401, "bad_key"),
    ],
)
def test_a_key_that_does_not_name_this_device_is_refused_whoever_knows_it(
    page: LocalApi, unpaired: DataDirectory, cloud: FakeCloud, path: str, key: str, status: int, code: str
) -> None:
    if key != "gwk.GW-1.not-the-one":
        cloud.api_key = key
    answer = post(page, path, {"apiKey": key})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "GW-1" in answer.json()["error"] or key == "gwk.GW-1.not-the-one"
    assert "secret" not in answer.text
    assert unpaired.read_key() is None


def test_without_lan_the_local_network_cannot_reach_it(page: LocalApi) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{own_address()}:{page.server_port}/", timeout=60)


def test_metrics_are_served_as_prometheus_wants_them(lan_page: LocalApi) -> None:
    answer = requests.get(lan_page.url + "metrics", timeout=60)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'ghostwatt_watts{channel="1"} 92\n' in answer.text
