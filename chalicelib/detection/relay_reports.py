"""Relay reports: what a device did with the relay commands it got, and what that means for the cuts behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import Unavailable
from chalicelib.detection import event_endings as endings
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection import relay_alerts as alerts
from chalicelib.detection import store as states
from chalicelib.detection.port_state import PortState
from chalicelib.devices.model import Device
from chalicelib.notifications import outbox as notify
from chalicelib.ports import store
from chalicelib.ports.model import Port
from chalicelib.ports.relays import Relay, RelayState, report
from chalicelib.realtime import publisher as live

TRIES = 5
"""The owner changes the port at the same moment: the Pi says each thing once, so look again."""


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


def apply_relay_reports(device: Device, reports: Sequence[RelayReport], now_ms: int) -> list[Port]:
    """Store what a device reports of its relays.

    Args:
        device: The device that reports.
        reports: Its reports; those about ports that it does not have are ignored.
        now_ms: The time of the call, epoch ms.

    Returns:
        All ports of the device, with the relay states as they are stored now.

    Raises:
        Unavailable: A port kept changing meanwhile; the device sends its reports again.
    """
    ports = {port.port_id: port for port in store.of_device(device.device_uid)}
    for given in reports:
        if given.port_id in ports and (port := _acknowledge(ports[given.port_id], given, now_ms)):
            ports[given.port_id] = port
    return list(ports.values())


def _acknowledge(port: Port, given: RelayReport, now_ms: int) -> Port | None:
    """The port after the report, None when it was deleted meanwhile."""
    known: Port | None = port
    for _ in range(TRIES):
        if known is None:
            return None
        relay = report(known.relay, given.state, given.version, given.reason, now_ms)
        if relay is known.relay:  # nothing new, or a report about an older command than the last one
            return known
        if _store(known, relay, now_ms):
            return _shown(known, replace(known, relay=relay), now_ms)
        known = store.load(port.port_id)
    raise Unavailable("This outlet keeps changing.", code="busy", retry_after_seconds=1)


def _store(port: Port, relay: Relay, now_ms: int) -> bool:
    """Store the reported relay together with what it means for the cut behind it, and what is to be told."""
    write = Transaction()
    store.put_relay(write, port, relay)
    event_id = port.relay.cut_event_id
    if event_id is not None and port.relay.cut_by_detector:
        if relay.cut_by_detector:
            if relay.obeyed and not port.relay.obeyed:
                phantom_events.put_obeyed(write, port.owner_id, event_id, now_ms)
        else:
            endings.put_ended(write, port, "undone" if relay.switched_by == "person" else "refused", now_ms)
    if news := alerts.of_relay(port, relay, now_ms):
        notify.put(write, news)
    return write.commit()


def _shown(before: Port, after: Port, now_ms: int) -> Port:
    state = states.load(after.device_uid).ports.get(after.port_id, PortState())
    news = alerts.of_relay(before, after.relay, now_ms)
    live.push(after.owner_id, [live.port_message(after, state), notify.message(news) if news else None])
    return after
