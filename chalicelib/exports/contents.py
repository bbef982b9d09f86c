"""What is in an export: an account with all that hangs on it, less what has expired; and a page that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import msgspec
from msgspec.structs import astuple

from chalicelib.accounts.model import Account
from chalicelib.core import views
from chalicelib.core.pagination import paginate
from chalicelib.core.times import iso, iso_or_none
from chalicelib.core.units import unit_of
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.devices import store as device_store
from chalicelib.devices.model import Device
from chalicelib.energy import service as energy
from chalicelib.energy import store as energy_store
from chalicelib.energy.schemas import saving_part
from chalicelib.exports import tables
from chalicelib.exports.archive import Archive, Row
from chalicelib.exports.model import Export
from chalicelib.exports.reading_tables import add_readings
from chalicelib.exports.readme import readme
from chalicelib.notifications import settings_service as notification_settings
from chalicelib.notifications import store as notifications
from chalicelib.notifications.model import NOTIFICATION_RETENTION_MS
from chalicelib.ports import store as port_store
from chalicelib.ports.model import Port
from chalicelib.readings import history
from chalicelib.readings import store as reading_store

ROWS_A_READ = 500
RESOLUTIONS: tuple[history.UsageResolution, ...] = ("5m", "1h", "1d")


def write(archive: Archive, export: Export, account: Account, now_ms: int) -> None:
    """Write all of it; of one device or outlet after the other, oldest first where that is cheap."""
    devices = device_store.of_owner(account.user_id)
    ports = [port for device in devices for port in port_store.of_device(device.device_uid)]
    archive.add_text("README.txt", readme(export, account, tables.TABLES, now_ms))
    archive.add_text("account.json", msgspec.json.format(msgspec.json.encode(_account(account))))
    archive.add_table("devices", tables.DEVICE_COLUMNS, map(_device, devices))
    archive.add_table("ports", tables.PORT_COLUMNS, map(_port, ports))
    archive.add_table("phantom-events", tables.EVENT_COLUMNS, _events(export))
    archive.add_table("notifications", tables.NOTIFICATION_COLUMNS, _notifications(export, now_ms))
    archive.add_table("savings", tables.SAVING_COLUMNS, _savings(export, account, ports, now_ms))
    retention = {device.device_uid: device.retention for device in devices}
    for port in ports:
        # Not asked for anew: the owner may delete it while its export is made.
        recorded = history.Recorded(port, retention[port.device_uid].oldest_ms(now_ms))
        _add_energy(archive, export, account, recorded, now_ms)
    for device in devices:
        archive.add_table(f"sensors/{device.device_id}", tables.SENSOR_COLUMNS, _sensors(export, device, now_ms))
        add_readings(archive, device, export.first_ms, export.last_ms, now_ms)


def _account(account: Account) -> dict[str, Any]:
    chosen = notification_settings.of_account(account).preferences
    return {
        "email": account.email,
        "emailConfirmed": account.is_confirmed,
        "totp": account.has_second_factor,
        "recoveryCodesLeft": account.recovery_codes_left,
        "createdAt": iso(account.created_at_ms),
        "currency": account.currency,
        "tariffPerKwh": account.tariff_per_kwh,
        "gramsCo2PerKwh": account.grams_co2_per_kwh,
        "timezone": account.timezone,
        "rawRetentionDays": account.raw_retention_days,
        "tariffs": [asdict(tariff) for tariff in energy_store.load_tariffs(account.user_id)],
        "notifications": {
            "kinds": chosen.all_kinds(),
            "email": chosen.email,
            "webhookUrl": chosen.webhook.url if chosen.webhook else None,
            "quietHours": chosen.quiet_hours,
            "weeklyDigest": chosen.weekly_digest,
        },
    }


def _device(device: Device) -> Row:
    return (
        device.device_id,
        device.name,
        iso(device.created_at_ms),
        iso_or_none(device.last_seen_ms),
        device.online,
        device.retention.days,
    )


def _port(port: Port) -> Row:
    return (
        port.port_id,
        port.device_id,
        port.name,
        port.channel,
        port.kind,
        port.threshold_watts,
        port.dwell_seconds,
        port.policy,
        port.never_cut,
        port.relay.desired,
    )


def _events(export: Export) -> Iterator[Row]:
    """Newest first, as they are stored."""
    for event in paginate(lambda cursor: phantom_events.of_owner(export.owner_id, ROWS_A_READ, cursor)):
        if export.first_ms <= event.detected_at_ms <= export.last_ms:
            yield astuple(views.phantom_event(event))


def _notifications(export: Export, now_ms: int) -> Iterator[Row]:
    """Newest first, as they are stored."""
    first_ms = max(export.first_ms, now_ms - NOTIFICATION_RETENTION_MS)
    for notification in paginate(lambda cursor: notifications.of_owner(export.owner_id, ROWS_A_READ, cursor)):
        if first_ms <= notification.at_ms <= export.last_ms:
            yield astuple(views.notification(notification))


def _savings(export: Export, account: Account, ports: Iterable[Port], now_ms: int) -> Iterator[Row]:
    prices = energy.load_prices(account)
    for saving in energy.load_home_savings(account.user_id, ports, export.first_ms, export.last_ms, now_ms):
        if export.first_ms <= saving.event.detected_at_ms <= export.last_ms:
            yield astuple(saving_part(saving, prices))


def _add_energy(archive: Archive, export: Export, account: Account, recorded: history.Recorded, now_ms: int) -> None:
    for resolution in RESOLUTIONS:
        rows = _usages(recorded, resolution, account.timezone, export, now_ms)
        archive.add_table(f"energy/{recorded.port.port_id}/{resolution}", tables.USAGE_COLUMNS, rows)


def _usages(
    recorded: history.Recorded, resolution: history.UsageResolution, timezone: str, export: Export, now_ms: int
) -> Iterator[Row]:
    next_ms: int | None = export.first_ms
    while next_ms is not None:
        page = history.usages(recorded, resolution, timezone, next_ms, export.last_ms, ROWS_A_READ, now_ms)
        for usage in page.usages:
            yield astuple(views.usage_point(usage))
        next_ms = page.next_ms


def _sensors(export: Export, device: Device, now_ms: int) -> Iterator[Row]:
    first_ms, last_ms = max(export.first_ms, device.retention.oldest_ms(now_ms)), export.last_ms
    if first_ms > last_ms:
        return
    for log in paginate(
        lambda cursor: reading_store.sensor_page(device.device_uid, first_ms, last_ms, ROWS_A_READ, cursor)
    ):
        for name, value in log.values.items():
            yield iso(log.at_ms), log.at_ms, name, value, unit_of(name)
