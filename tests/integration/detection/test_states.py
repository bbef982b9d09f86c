"""The stored state of a device: small, and older forms of it are still read."""

from __future__ import annotations

import secrets
import zlib

import msgspec
import pytest

from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.detection.store import StateItem, load_device_state, save_device_state
from chalicelib.readings.model import MeterReading


@pytest.mark.usefixtures("database")
def test_a_state_stored_before_states_were_deflated_is_still_read() -> None:
    ports = {f"port-{number}": PortState(latest=MeterReading(number, 230.1, 0.4, 90.0)) for number in range(4)}
    state = DeviceState(secrets.token_hex(10), ports=ports)
    assert save_device_state(state)
    item = StateItem.get(state.device_uid)
    inflated = zlib.decompress(item.ports)
    assert len(item.ports) < len(inflated) / 2
    item.update(actions=[StateItem.ports.set(inflated)])
    loaded = load_device_state(state.device_uid)
    assert loaded.ports == ports
    assert save_device_state(loaded)
    assert load_device_state(state.device_uid).ports == ports


@pytest.mark.usefixtures("database")
def test_a_state_stored_before_there_was_a_pace_and_silence_is_still_read() -> None:
    state = DeviceState(secrets.token_hex(10), ports={"p": PortState(latest=MeterReading(1, 230.1, 0.4, 90.0))})
    assert save_device_state(state)
    packed = state.ports["p"].detector.pack()
    stored = {"p": [packed, "active", [1, 230.1, 0.4, 90.0], None, None, False, True]}
    item = StateItem.get(state.device_uid)
    item.update(actions=[StateItem.ports.set(zlib.compress(msgspec.msgpack.encode(stored)))])
    loaded = load_device_state(state.device_uid).ports["p"]
    assert (loaded.status, loaded.is_counted, loaded.pace_ms, loaded.silent_since_ms) == ("active", True, None, None)
