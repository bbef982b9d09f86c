"""Relay reports: what a device did with the relay commands it got, and what that means for the cuts behind them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from chalicelib.core.dynamo import Transaction, retry_conflicts_from
from chalicelib.core.errors import NotFound, not_found
from chalicelib.core.event_bus import Event, publish
from chalicelib.detection import phantom_event_store
from chalicelib.detection.event_endings import mark_ended
from chalicelib.detection.outlet_alerts import relay_report_alert
from chalicelib.devices.model import Device
from chalicelib.notifications.model import Notification, NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification
from chalicelib.ports.model import Port, RelayReported
from chalicelib.ports.relay_commands import Relay, RelayState, report
from chalicelib.ports.store import load_port, load_ports_of_device, put_relay


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
    ports = {port.port_id: port for port in load_ports_of_device(device.device_uid)}
    for relay_report in reports:
        if relay_report.port_id in ports:
            with suppress(NotFound):  # it was deleted meanwhile
                ports[relay_report.port_id] = _acknowledge(ports[relay_report.port_id], relay_report, now_ms)
    return list(ports.values())


def _acknowledge(port: Port, relay_report: RelayReport, now_ms: int) -> Port:
    """The port after the report. Raises NotFound when it was deleted meanwhile."""

    def attempt(port: Port | None) -> Port | None:
        if port is None:
            raise not_found("port")
        relay = report(port.relay, relay_report.state, relay_report.version, relay_report.reason, now_ms)
        if relay is port.relay:  # nothing new, or a report about an older command than the last one
            return port
        alert = relay_report_alert(port, relay, now_ms)
        events = _store(port, relay, alert, now_ms)
        if events is None:
            return None
        publish(*events)
        return replace(port, relay=relay)

    return retry_conflicts_from(port, attempt, lambda: load_port(port.port_id), "This outlet keeps changing.")


def _store(port: Port, relay: Relay, alert: Notification | None, now_ms: int) -> list[Event] | None:
    """Store the reported relay, what it means for the cut behind it, and the alert, as one.

    Returns:
        What happened; None when the outlet has changed meanwhile.
    """
    write = Transaction()
    put_relay(write, port, relay)
    event_id = port.relay.cut_event_id
    if event_id is not None and port.relay.cut_by_detector:
        if relay.cut_by_detector:
            if relay.obeyed and not port.relay.obeyed:
                phantom_event_store.put_obeyed(write, port.owner_id, event_id, now_ms)
        else:
            mark_ended(write, port, "undone" if relay.switched_by == "person" else "refused", now_ms)
    events: list[Event] = [RelayReported(replace(port, relay=relay))]
    if alert is not None:
        events.append(NotificationAdded(enqueue_notification(write, alert)))
    return events if write.commit() else None
