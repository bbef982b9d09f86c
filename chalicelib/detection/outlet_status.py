"""The status of an outlet: what it draws, unless it is off by its relay or its meter is silent."""

from __future__ import annotations

from typing import Literal

from chalicelib.detection import outlet_silence
from chalicelib.detection.detector import standby_threshold_watts
from chalicelib.detection.model import Status, phantom_status
from chalicelib.detection.port_state import PortState
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import Relay

OutletStatus = Literal["active", "standby", "off", "silent"]


def is_off(relay: Relay, state: PortState) -> bool:
    """Whether an outlet is off by its relay.

    The detector's cut counts from the command on. A person's counts when the device has obeyed it: until then the
    outlet shows what it draws. Neither counts once the device reports the relay as on, or the watts contradict it.
    """
    if relay.desired != "off" or state.contradicted_version == relay.version:
        return False
    if relay.reported_version == relay.version:
        return relay.reported == "off"
    return relay.cut_by_detector


def status_of_outlet(port: Port, state: PortState, heard_ms: int | None = None) -> OutletStatus:
    """The status of an outlet; heard_ms as in outlet_silence.since_ms."""
    return "silent" if outlet_silence.since_ms(state, heard_ms) is not None else by_watts(port, state)


def by_watts(port: Port, state: PortState) -> Status:
    """The status by relay and newest reading, however old that is."""
    if is_off(port.relay, state) or state.latest is None:
        return "off"
    return phantom_status(state.latest.power, standby_threshold_watts(state.detector, port.rule))
