from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.emulator.connection_limits import (
    MOST_HTTP,
    MOST_MQTT,
    OWN_USE,
    Connection,
    HttpLimits,
    share_descriptors,
)


class Room:
    """Limits, and what they closed."""

    def __init__(self, most: int, most_per_client: int, proxy: str = "") -> None:
        self.limits = HttpLimits(most, most_per_client, lambda address: address == proxy)
        self.closed: list[int] = []
        self.opened = 0

    def open(self, address: str, *, idle: bool = True) -> Connection | None:
        number = self.opened
        self.opened += 1
        connection = self.limits.admit(address, lambda: self.closed.append(number))
        if connection is not None:
            connection.idle = idle
        return connection


def test_a_flood_of_half_requests_pushes_out_itself() -> None:
    room = Room(most=10, most_per_client=3)
    other = room.open("198.51.100.1")
    for _ in range(100):
        assert room.open("203.0.113.7")
    assert room.open("198.51.100.1")
    assert other
    assert 0 not in room.closed
    assert room.closed == list(range(1, 98))


def test_busy_connections_stay_and_the_one_too_many_is_refused() -> None:
    room = Room(most=10, most_per_client=3)
    busy = [room.open("203.0.113.7", idle=False) for _ in range(3)]
    assert room.open("203.0.113.7") is None
    assert room.closed == []
    assert room.open("198.51.100.1")
    assert busy[0]
    room.limits.release(busy[0])
    room.limits.release(busy[0])
    assert room.open("203.0.113.7")
    assert room.open("203.0.113.7")
    assert room.closed == [5]


def test_addresses_of_one_network_are_one_client() -> None:
    room = Room(most=10, most_per_client=2)
    for host in range(1, 5):
        assert room.open(f"2001:db8:0:1::{host}", idle=False) or host > 2
    assert room.open("2001:db8:0:2::1")


def test_in_a_full_house_who_holds_the_most_idle_ones_gives_way() -> None:
    room = Room(most=5, most_per_client=4)
    for address in ["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2", "10.0.0.3"]:
        assert room.open(address)
    assert room.open("10.0.0.4")
    assert room.closed == [1]


def test_a_full_house_of_busy_ones_takes_nobody() -> None:
    room = Room(most=2, most_per_client=2)
    assert room.open("10.0.0.1", idle=False)
    assert room.open("10.0.0.2", idle=False)
    assert room.open("10.0.0.3") is None


def test_a_proxys_connections_are_those_of_many_clients() -> None:
    room = Room(most=5, most_per_client=2, proxy="10.0.0.1")
    for _ in range(5):
        assert room.open("10.0.0.1", idle=False)
    assert room.open("10.0.0.1") is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.booleans()), max_size=80))
def test_the_limits_hold_whatever_comes_and_goes(steps: list[tuple[str, bool, bool]]) -> None:
    limits = HttpLimits(most=6, most_per_client=3)
    alive: list[Connection] = []
    for client, idle, leaves in steps:
        if leaves and alive:
            limits.release(alive.pop(0))
        slot: list[Connection] = []
        connection = limits.admit(client, lambda slot=slot: alive.remove(slot[0]))  # type: ignore[misc]
        if connection is not None:
            slot.append(connection)
            connection.idle = idle
            alive.append(connection)
        assert len(alive) <= 6
        assert all(sum(each.client == name for each in alive) <= 3 for name in "abcd")


@pytest.mark.parametrize("descriptors", [64, 256, 1_024, 4_096, 1_048_576])
def test_the_listeners_share_what_the_stack_does_not_need(descriptors: int) -> None:
    share = share_descriptors(descriptors)
    assert 0 < share.mqtt <= MOST_MQTT
    assert 0 < share.http <= MOST_HTTP
    assert share.http + share.mqtt <= max(descriptors - OWN_USE, 6)
