from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from chalicelib.core import client_address
from chalicelib.core.settings import settings

EDGE = "64.252.64.1"
SECRET = "s" * 43


@pytest.fixture(autouse=True)
def behind_cloudfront(monkeypatch: pytest.MonkeyPatch) -> None:
    place = replace(settings(), origin_sha256=hashlib.sha256(SECRET.encode()).hexdigest())
    monkeypatch.setattr(client_address, "settings", lambda: place)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        pytest.param(f"203.0.113.7, {EDGE}", "203.0.113.7", id="client and edge"),
        pytest.param(f"10.0.0.1, 203.0.113.7, {EDGE}", "203.0.113.7", id="what the client claims comes before"),
        pytest.param(f"2001:db8::7, {EDGE}", "2001:db8::7", id="version 6"),
        pytest.param("203.0.113.7", "203.0.113.7", id="a gateway that adds nothing"),
        pytest.param("", EDGE, id="nothing"),
        pytest.param(EDGE, EDGE, id="the edge alone"),
    ],
)
def test_cloudfront_says_where_a_viewer_is(forwarded: str, address: str) -> None:
    headers = {"x-origin-secret": SECRET, "x-forwarded-for": forwarded}
    assert client_address.client_address(headers, EDGE) == address


@pytest.mark.parametrize("claimed", ["", "x", SECRET[:-1], SECRET + "s"])
def test_without_cloudfronts_secret_no_claim_is_believed(claimed: str) -> None:
    headers = {"x-origin-secret": claimed, "x-forwarded-for": "203.0.113.7, 198.51.100.1"}
    assert client_address.client_address(headers, "198.51.100.1") == "198.51.100.1"


def test_a_place_without_cloudfront_believes_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_address, "settings", lambda: replace(settings(), origin_sha256=""))
    assert (
        client_address.client_address({"x-origin-secret": "", "x-forwarded-for": "203.0.113.7"}, "127.0.0.1")
        == "127.0.0.1"
    )
