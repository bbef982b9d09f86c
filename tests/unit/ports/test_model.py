"""Channels of ports."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.ports.model import device_uid_of, free_channel, make_port_id


def test_the_lowest_free_channel_is_taken() -> None:
    assert free_channel([], None) == 1
    assert free_channel([1, 2, 4], None) == 3


def test_a_wanted_channel_must_be_free() -> None:
    assert free_channel([1], 7) == 7
    with pytest.raises(Conflict) as caught:
        free_channel([7], 7)
    assert (caught.value.code, caught.value.field) == ("channel_taken", "channel")


def test_a_device_has_at_most_32_ports() -> None:
    with pytest.raises(Conflict) as caught:
        free_channel(range(1, 33), None)
    assert caught.value.code == "too_many_ports"


def test_a_port_id_names_its_device() -> None:
    assert device_uid_of(make_port_id("abc123", "f00")) == "abc123"
