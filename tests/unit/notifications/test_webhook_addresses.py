"""Which addresses webhooks may call, and how a call is signed."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.notifications.webhook_addresses import is_public, parse_webhook_url
from chalicelib.notifications.webhooks import signature

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - one of the addresses that are refused
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.178.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_leads_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::6810:84e5", "2a00:1450:4001::200e"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https:///path",
        "https://",
        "example.org",
        "https://user:password@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org/#part",
        "https://example.org:22/",
        "https://example.org:25/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://example.org/a b",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nX-Injected: yes",
        "https://ex\u00e4mple.org/",
        "https://[::1/",
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_a_url_that_no_webhook_needs_is_refused_by_name(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_webhook_url(url, http_allowed=False)
    assert refused.value.field == "webhook.url"


def test_a_url_is_taken_apart() -> None:
    there = parse_webhook_url("https://hooks.example.org:8443/in?key=1", http_allowed=False)
    assert (there.is_https, there.host, there.port, there.path) == (True, "hooks.example.org", 8443, "/in?key=1")
    assert parse_webhook_url("https://example.org", http_allowed=False).path == "/"
    assert parse_webhook_url("http://example.org", http_allowed=True).port == 80


def test_the_signature_covers_time_and_body() -> None:
    body = b'{"kind":"cut"}'
    wanted = hmac.new(b"secret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert signature("secret", body, 1_700_000_000) == f"t=1700000000,v1={wanted}"
