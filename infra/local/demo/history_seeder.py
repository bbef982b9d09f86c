"""Seed the history of the demo: weeks of readings, through the same functions that handle real ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.accounts.service import sign_up
from chalicelib.accounts.store import load_open_account
from chalicelib.core.identifiers import new_id
from chalicelib.detection.device_reply import reply_to_device
from chalicelib.detection.port_control import switch_port
from chalicelib.detection.relay_reports import apply_relay_reports
from chalicelib.devices.model import Device
from chalicelib.devices.service import get_owned_device, register_device
from chalicelib.entrypoints.stream import process_chunks
from chalicelib.notifications.service import mark_all_read
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import RelayState
from chalicelib.ports.service import create_port, new_port
from chalicelib.ports.store import load_ports_of_device
from chalicelib.readings.model import PortReading
from chalicelib.readings.service import Batch, record_batch
from chalicelib.readings.store import load_batch
from infra.local.demo.household import APPLIANCES, Appliance, Outlet

STEP_MS = 60 * 60_000
"""The Pi of these weeks sends every hour."""
SAMPLE_MS = 60_000
VOLTS = 230.0


@dataclass(frozen=True, slots=True)
class SeededHome:
    """A household with a history: the account, and its device with an outlet for each appliance."""

    email: str
    owner_id: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the simulated Pi about a relay."""

    port_id: str
    state: RelayState
    version: int
    reason: str | None = None


def create_home(
    email: str, password: str, device_id: str, outlets: Sequence[Outlet], begin_ms: int, now_ms: int
) -> SeededHome:
    """Create the account as of the beginning, its device and its outlets.

    The device is registered as of now: its own Pi is paired next, which is allowed for a day after that only.

    Raises:
        Conflict: The account exists.
    """
    sign_up(email, password, "the demo's past", begin_ms)
    account = load_open_account(email)
    if account is None:
        raise LookupError(f"the account {email} that was just made is not there")
    register_device(account, device_id, "Demo Pi", now_ms)
    for outlet in outlets:
        create_port(account.user_id, device_id, _port_of(outlet), None)
    return SeededHome(email, account.user_id, device_id)


def _port_of(outlet: Outlet) -> Port:
    return new_port(
        outlet.name, outlet.kind, outlet.threshold_watts, outlet.dwell_seconds, outlet.policy, outlet.never_cut
    )


def seed_history(home: SeededHome, first_ms: int, last_ms: int) -> Iterator[float]:
    """Seed the readings between two times. Yields the part that is done, from 0 to 1."""
    for begin_ms in range(first_ms, last_ms - STEP_MS, STEP_MS):
        _step(home, begin_ms, begin_ms + STEP_MS)
        yield (begin_ms + STEP_MS - first_ms) / (last_ms - first_ms)
    _switch_all_on(home, last_ms)
    mark_all_read(home.owner_id)


def _step(home: SeededHome, begin_ms: int, end_ms: int) -> None:
    """Simulate an hour: people switch outlets on, the Pi measures, sends, and applies relay commands."""
    device = get_owned_device(home.owner_id, home.device_id)
    outlets = zip(_by_channel(load_ports_of_device(device.device_uid)), APPLIANCES, strict=True)
    measured = [
        PortReading(port.port_id, at_ms, VOLTS, round(watts / VOLTS, 3), watts)
        for port, appliance in [
            (_switched_on_if_used(port, appliance, begin_ms, end_ms), appliance) for port, appliance in outlets
        ]
        for at_ms in range(begin_ms, end_ms, SAMPLE_MS)
        for watts in [_watts(port, appliance, at_ms)]
    ]
    batch_id = new_id()
    recorded = record_batch(device, Batch(batch_id, end_ms, measured, sha256=batch_id), end_ms)
    reply_to_device(device, recorded.ports, end_ms, has_readings=True)
    process_chunks(load_batch(device.device_uid, batch_id), end_ms)
    _apply_relays(device, end_ms)


def _switched_on_if_used(port: Port, appliance: Appliance, begin_ms: int, end_ms: int) -> Port:
    """Switch the outlet on if somebody wants to use its appliance."""
    if port.relay.desired == "off" and appliance.is_used(_moment(end_ms)):
        return switch_port(port.owner_id, port.port_id, "on", begin_ms)
    return port


def _switch_all_on(home: SeededHome, now_ms: int) -> None:
    """Switch all outlets on, since the simulated Pi begins with its outlets on."""
    device = get_owned_device(home.owner_id, home.device_id)
    for port in load_ports_of_device(device.device_uid):
        if port.relay.desired == "off":
            switch_port(home.owner_id, port.port_id, "on", now_ms)
    _apply_relays(device, now_ms)


def _apply_relays(device: Device, now_ms: int) -> None:
    switched = [port for port in load_ports_of_device(device.device_uid) if not port.relay.obeyed]
    if any(port.relay.version for port in switched):
        ports_now = apply_relay_reports(device, [_report(port) for port in switched], now_ms)
        reply_to_device(device, ports_now, now_ms)


def _by_channel(ports: Iterable[Port]) -> list[Port]:
    return sorted(ports, key=lambda port: port.channel)


def _watts(port: Port, appliance: Appliance, at_ms: int) -> float:
    return 0.0 if port.relay.desired == "off" else appliance.watts(_moment(at_ms))


def _report(port: Port) -> Report:
    return Report(port.port_id, port.relay.desired, port.relay.version)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, UTC)
