"""Heartbeat: a device says that it lives and what it did with its relays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from chalicelib.domain.devices import Device
from chalicelib.domain.ports import Port
from chalicelib.domain.relays import RelayState, report
from chalicelib.domain.replies import DeviceReply
from chalicelib.domain.states import PortState
from chalicelib.services import live
from chalicelib.services.replies import reply_to
from chalicelib.storage import phantom_events, states
from chalicelib.storage import ports as store


class RelayReport(Protocol):
    """The Pi's answer to one relay command."""

    @property
    def port_id(self) -> str: ...
    @property
    def state(self) -> RelayState: ...
    @property
    def version(self) -> int: ...
    @property
    def reason(self) -> str | None: ...


def heartbeat(device: Device, reports: Sequence[RelayReport], now_ms: int) -> DeviceReply:
    """Take the device's relay reports (those of unknown ports are passed over) and answer what is wanted."""
    ports = {port.port_id: port for port in store.of_device(device.device_uid)}
    for given in reports:
        if given.port_id in ports:
            ports[given.port_id] = _acknowledge(ports[given.port_id], given, now_ms)
    return reply_to(device, list(ports.values()), now_ms)


def _acknowledge(port: Port, given: RelayReport, now_ms: int) -> Port:
    relay = report(port.relay, given.state, given.version, given.reason, now_ms)
    if relay is port.relay or not store.save_relay(port, relay):
        return port  # nothing new, or a newer command is on its way and this report is about the old one
    event_id = port.relay.cut_event_id
    if event_id is not None and port.relay.cut_by_detector:
        if given.state == "off":
            phantom_events.save_obeyed(port.owner_id, event_id, now_ms)
        else:
            phantom_events.save_progress(port.owner_id, event_id, "refused", now_ms)
    reported = replace(port, relay=relay)
    live.push_port(reported, states.load(port.device_uid).ports.get(port.port_id, PortState()))
    return reported
