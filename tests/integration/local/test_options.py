from __future__ import annotations

import argparse

import pytest

from infra.local.runner.options import network_list, web_address


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ""),
        ("https://home.example", "https://home.example"),
        ("https://home.example/", "https://home.example"),
        ("HTTPS://Home.Example:443", "https://home.example"),
        ("http://192.168.1.5:8000", "http://192.168.1.5:8000"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://localhost:5173", "http://localhost:5173"),
    ],
)
def test_an_address_is_read_as_browsers_write_it(text: str, read: str) -> None:
    assert web_address(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "home.example",
        "ftp://home.example",
        "https://",
        "https://home.example/ghostwatt",
        "https://home.example?x",
        "https://me@home.example",
        "https://home.example:x",
        "https://home.example:99999",
        "https://h\u00f6me.example",
        "*",
        "null",
        "https://[::1",
        "https://a,https://b",
        "https://home.example https://b.example",
    ],
)
def test_what_is_no_address_of_a_place_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"https://home\.example"):
        web_address(text)


def test_proxies_are_addresses_and_networks() -> None:
    proxies = network_list("127.0.0.1, 10.1.2.3/8 ,2001:db8::/32")
    assert all(address in proxies for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.9.9.9", "2001:db8:7::1"))
    assert not any(address in proxies for address in ("127.0.0.2", "11.0.0.1", "2001:db9::1", "", "nginx"))
    assert "127.0.0.1" not in network_list("")


@pytest.mark.parametrize("text", ["*", "nginx", "127.0.0.1;10.0.0.1", "10.0.0.0/33", "0.0.0.0/x"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no list of addresses"):
        network_list(text)
