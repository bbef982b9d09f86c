from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.client_address import address_bucket


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        pytest.param("203.0.113.7", "203.0.113.7", id="version 4"),
        pytest.param(" 203.0.113.7 ", "203.0.113.7", id="spaces around it"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="version 4 on a socket of version 6"),
        pytest.param("::FFFF:cb00:7107", "203.0.113.7", id="the same in hexadecimal"),
        pytest.param("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64", id="version 6"),
        pytest.param("2001:0DB8:0000:0001::1", "2001:db8:0:1::/64", id="another spelling"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="a zone"),
        pytest.param("::1", "::/64", id="loopback"),
        pytest.param("testclient", "testclient", id="no address"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_limit_counts_subscribers(address: str, bucket: str) -> None:
    assert address_bucket(address) == bucket


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_all_addresses_of_one_network_share_a_bucket(network: int, first: int, second: int) -> None:
    network |= 1 << 61  # global addresses, so that none of them maps an IPv4 address
    buckets = {address_bucket(str(IPv6Address(network << 64 | host))) for host in (first, second)}
    assert len(buckets) == 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_neighbouring_networks_do_not(network: int, host: int) -> None:
    network |= 1 << 61
    buckets = {address_bucket(str(IPv6Address(each << 64 | host))) for each in (network, network ^ 1)}
    assert len(buckets) == 2


@given(st.text())
def test_whatever_is_claimed_gives_a_short_name(claimed: str) -> None:
    assert len(address_bucket(claimed)) <= 64
