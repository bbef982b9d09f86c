"""A stack behind a reverse proxy, with a page of another origin beside its own."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from websockets.sync.client import connect

from infra.local.runner.process import RunningStack, running_stack

PUBLIC = "https://home.example"
WEB = "http://localhost:5173"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    settings = {"PUBLIC_URL": f"{PUBLIC}:443/", "WEB_ORIGIN": WEB, "TRUSTED_PROXY": "127.0.0.0/8, ::1"}
    with running_stack(tmp_path_factory.mktemp("stack"), environment=settings) as running:
        yield running


def post(stack: RunningStack, path: str, body: object = None, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{stack.base_url}/api{path}", json=body, headers=named, timeout=60)


def sign_up(stack: RunningStack, **headers: str) -> requests.Response:
    body = {"email": f"{secrets.token_hex(6)}@example.org", "password": PASSWORD}
    return post(stack, "/account/signup", body, **headers)


def test_the_page_behind_the_proxy_gets_a_secure_cookie(stack: RunningStack) -> None:
    answer = sign_up(stack, Origin=PUBLIC, Sec_Fetch_Site="same-origin", Host="home.example")
    assert answer.status_code == 201
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_the_origin_that_cors_allows_gets_its_tokens_in_the_body_only(stack: RunningStack) -> None:
    from_web = {"Origin": WEB, "Sec_Fetch_Site": "cross-site"}
    answer = sign_up(stack, **from_web)
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == WEB
    token = answer.json()["refreshToken"]
    assert post(stack, "/account/refresh", {}, Cookie=f"refresh={token}", **from_web).status_code == 401
    renewed = post(stack, "/account/refresh", {"refreshToken": token}, **from_web)
    assert renewed.status_code == 200
    assert "Set-Cookie" not in renewed.headers
    out = post(stack, "/account/logout", x_session_token=renewed.json()["sessionToken"], **from_web)
    assert (out.status_code, out.headers.get("Set-Cookie")) == (200, None)


def test_its_preflight_is_answered_for_that_origin(stack: RunningStack) -> None:
    answer = requests.options(f"{stack.base_url}/api/account/login", headers={"Origin": WEB}, timeout=60)
    assert answer.headers["Access-Control-Allow-Origin"] == WEB


def test_links_lead_to_the_public_name(stack: RunningStack) -> None:
    claim = post(stack, "/device/claim", {"deviceId": f"GW-{secrets.token_hex(6)}"}).json()
    assert claim["verificationUri"] == f"{PUBLIC}/"
    session = sign_up(stack).json()["sessionToken"]
    url = post(stack, "/live/ticket", {}, x_session_token=session).json()["url"]
    assert url.startswith("wss://home.example/live?")
    with connect(url.replace("wss://home.example", stack.base_url.replace("http", "ws"))):
        pass


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/docs", "/api/nothing", "/live", "/exports/b/x"])
def test_every_answer_asks_for_https_and_carries_the_security_headers(stack: RunningStack, path: str) -> None:
    headers = requests.get(stack.base_url + path, timeout=60).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == ("no-store" if path.startswith(("/api", "/exports")) else "no-cache")


def claim(stack: RunningStack, forwarded: str) -> int:
    """The status of a pairing that a proxy hands on, with this X-Forwarded-For."""
    body = {"deviceId": f"GW-{secrets.token_hex(6)}"}
    return post(stack, "/device/claim", body, X_Forwarded_For=forwarded).status_code


def test_a_limit_counts_the_client_that_the_proxy_names_and_not_what_the_client_claims(stack: RunningStack) -> None:
    claims = 0
    while claim(stack, f"203.0.113.{claims % 250}, 2001:db8:1:1::{claims + 6:x}") == 200:
        claims += 1
        assert claims < 500, "no limit"
    assert claim(stack, "2001:db8:1:1:ffff::1") == 429
    assert claim(stack, "2001:db8:1:1::9, 127.0.0.9") == 429
    assert claim(stack, "2001:db8:1:2::1") == 200


def test_what_is_no_request_is_refused_in_the_shape_of_the_contract(stack: RunningStack) -> None:
    address = urlsplit(stack.base_url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=60) as client:
        client.sendall(b"GET /\x00 HTTP/9\r\n\r\n")
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"nosniff" in head
    assert json.loads(body)["code"] == "bad_request"
