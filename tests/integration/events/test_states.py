"""The stored state of a device: small, and older forms of it are still read."""

from __future__ import annotations

import secrets
import zlib

import pytest

from chalicelib.domain.states import DeviceState, Latest, PortState
from chalicelib.storage import states


@pytest.mark.usefixtures("database")
def test_a_state_stored_before_states_were_deflated_is_still_read() -> None:
    ports = {f"port-{number}": PortState(latest=Latest(number, 230.1, 0.4, 90.0)) for number in range(4)}
    state = DeviceState(secrets.token_hex(10), ports=ports)
    assert states.save(state)
    item = states.StateItem.get(state.device_uid)
    inflated = zlib.decompress(item.ports)
    assert len(item.ports) < len(inflated) / 2
    item.update(actions=[states.StateItem.ports.set(inflated)])
    loaded = states.load(state.device_uid)
    assert loaded.ports == ports
    assert states.save(loaded)
    assert states.load(state.device_uid).ports == ports
