"""What is in an export: an account with all its data, without what has expired, and a page that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from chalicelib.accounts.model import Account
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.pagination import paginate
from chalicelib.core.times import DAY_MS, HOUR_MS, iso
from chalicelib.core.version import VERSION
from chalicelib.detection import phantom_event_store
from chalicelib.detection.model import PhantomEvent
from chalicelib.devices.model import Device
from chalicelib.devices.store import load_devices_of_owner
from chalicelib.energy.model import Usage
from chalicelib.energy.service import load_home_savings, load_prices
from chalicelib.energy.store import load_tariffs
from chalicelib.energy.usage_history import load_usages
from chalicelib.exports import tables
from chalicelib.exports.archive import Archive, TableWriter
from chalicelib.exports.model import Export
from chalicelib.exports.tables import TABLES, MeterValue, PricedSaving, SensorValue, Table
from chalicelib.notifications.model import NOTIFICATION_RETENTION_MS, Notification
from chalicelib.notifications.service import get_settings
from chalicelib.notifications.store import load_notifications
from chalicelib.ports.model import Port
from chalicelib.ports.store import load_ports_of_device
from chalicelib.readings.history import RecordedPort
from chalicelib.readings.model import MAX_HELD_MS, REACH_MS, Columns, merged
from chalicelib.readings.store import load_next_chunk_ms, load_overlapping_chunks, load_sensor_page

ENTRIES_A_READ = 500
RESOLUTIONS: tuple[UsageResolution, ...] = ("5m", "1h", "1d")
_FORMATS = """Tables are CSV (RFC 4180: commas, UTF-8 with a byte order mark, a line of names) or JSON lines (UTF-8, one
object a line), or both with the same rows. A missing value is empty in CSV and null in JSON. In CSV a text that a
spreadsheet would run as a formula has an apostrophe before it. Times are UTC; the hours and days of energy begin by the
clock of {timezone}."""
_SETTINGS = """account.json
  Your settings. tariffPerKwh is in the currency, gramsCo2PerKwh in grams. A tariff's prices are in millionths of the
  currency per kWh, its windows in quarter hours since midnight, on weekdays from 0 (Monday).
  Quiet hours are minutes since midnight. Passwords, keys and the secret of a webhook are never exported."""


def write(archive: Archive, export: Export, account: Account, now_ms: int) -> None:
    """Write all files of an export, one device or outlet after the other.

    Raises:
        TookTooLong: The archive's deadline has expired.
    """
    devices = load_devices_of_owner(account.user_id)
    ports = [port for device in devices for port in load_ports_of_device(device.device_uid)]
    archive.add_text("README.txt", readme(export, account, now_ms))
    archive.add_text("account.json", msgspec.json.format(msgspec.json.encode(_account(account))))
    archive.add_table("devices", tables.DEVICES, devices)
    archive.add_table("ports", tables.PORTS, ports)
    archive.add_table("phantom-events", tables.PHANTOM_EVENTS, _phantom_events(export))
    archive.add_table("notifications", tables.NOTIFICATIONS, _notifications(export, now_ms))
    archive.add_table("savings", tables.SAVINGS, _savings(export, account, ports, now_ms))
    retention = {device.device_uid: device.retention for device in devices}
    for port in ports:
        # The devices above, not those stored now: the owner may delete one while the export is made.
        recorded = RecordedPort(port, retention[port.device_uid].oldest_ms(now_ms))
        for resolution in RESOLUTIONS:
            usages = _usages(recorded, resolution, account.timezone, export, now_ms)
            archive.add_table(f"energy/{port.port_id}/{resolution}", tables.USAGES, usages)
    for device in devices:
        values = _sensor_values(export, device, now_ms)
        archive.add_table(f"sensors/{device.device_id}", tables.SENSOR_VALUES, values)
        _add_readings(archive, export, device, now_ms)


def _account(account: Account) -> dict[str, Any]:
    preferences = get_settings(account).preferences
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
        "tariffs": [asdict(tariff) for tariff in load_tariffs(account.user_id)],
        "notifications": {
            "kinds": preferences.all_kinds(),
            "email": preferences.email,
            "webhookUrl": preferences.webhook.url if preferences.webhook else None,
            "quietHours": preferences.quiet_hours,
            "weeklyDigest": preferences.weekly_digest,
        },
    }


def _phantom_events(export: Export) -> Iterator[PhantomEvent]:
    """Newest first, as they are stored."""
    for event in paginate(
        lambda cursor: phantom_event_store.load_events_of_owner(export.owner_id, ENTRIES_A_READ, cursor)
    ):
        if export.first_ms <= event.detected_at_ms <= export.last_ms:
            yield event


def _notifications(export: Export, now_ms: int) -> Iterator[Notification]:
    """Newest first, as they are stored."""
    first_ms = max(export.first_ms, now_ms - NOTIFICATION_RETENTION_MS)
    for notification in paginate(lambda cursor: load_notifications(export.owner_id, ENTRIES_A_READ, cursor)):
        if first_ms <= notification.at_ms <= export.last_ms:
            yield notification


def _savings(export: Export, account: Account, ports: Iterable[Port], now_ms: int) -> Iterator[PricedSaving]:
    prices = load_prices(account)
    for saving in load_home_savings(account.user_id, ports, export.first_ms, export.last_ms, now_ms):
        if export.first_ms <= saving.event.detected_at_ms <= export.last_ms:
            yield PricedSaving(saving, prices)


def _usages(
    recorded: RecordedPort, resolution: UsageResolution, timezone: str, export: Export, now_ms: int
) -> Iterator[Usage]:
    next_ms: int | None = export.first_ms
    while next_ms is not None:
        page = load_usages(recorded, resolution, timezone, next_ms, export.last_ms, ENTRIES_A_READ, now_ms)
        yield from page.usages
        next_ms = page.next_ms


def _sensor_values(export: Export, device: Device, now_ms: int) -> Iterator[SensorValue]:
    first_ms, last_ms = max(export.first_ms, device.retention.oldest_ms(now_ms)), export.last_ms
    if first_ms > last_ms:
        return
    for log in paginate(lambda cursor: load_sensor_page(device.device_uid, first_ms, last_ms, ENTRIES_A_READ, cursor)):
        for name, value in log.values.items():
            yield SensorValue(log.at_ms, name, value)


def _add_readings(archive: Archive, export: Export, device: Device, now_ms: int) -> None:
    """Add a table for each outlet and UTC day, loaded an hour of the device at a time.

    Outlets that have been deleted since are in it, as long as their readings are kept.
    """
    writers: dict[str, TableWriter[MeterValue]] = {}
    day_ms = 0
    first_ms = max(export.first_ms, device.retention.oldest_ms(now_ms))
    for begin_ms, by_port in _reading_hours(device, first_ms, export.last_ms):
        archive.check_time()
        if begin_ms // DAY_MS * DAY_MS != day_ms:
            _close_tables(archive, writers)
            day_ms = begin_ms // DAY_MS * DAY_MS
        for port_id, values in by_port.items():
            if port_id not in writers:
                path = f"readings/{port_id}/{iso(day_ms)[:10]}"
                writers[port_id] = archive.open_table(path, tables.READINGS)
            writers[port_id].add(values)
    _close_tables(archive, writers)


def _close_tables(archive: Archive, writers: dict[str, TableWriter[MeterValue]]) -> None:
    for writer in writers.values():
        archive.close_table(writer)
    writers.clear()


def _reading_hours(device: Device, first_ms: int, last_ms: int) -> Iterator[tuple[int, Mapping[str, list[MeterValue]]]]:
    """Hour by hour, the time of its first reading and the readings of each outlet; empty hours are left out.

    The last readings may end after last_ms, where they began to hold before.
    """
    at_ms = first_ms
    while at_ms <= last_ms + MAX_HELD_MS:
        chunk_ms = load_next_chunk_ms(device.device_uid, at_ms)
        if chunk_ms is None:
            return
        at_ms = max(at_ms, chunk_ms - REACH_MS)
        end_ms = (at_ms // HOUR_MS + 1) * HOUR_MS
        chunks = merged(load_overlapping_chunks(device.device_uid, at_ms, end_ms - 1))
        by_port = {port_id: _values(columns, at_ms, end_ms, last_ms) for port_id, columns in chunks.items()}
        yield at_ms, {port_id: values for port_id, values in by_port.items() if values}
        at_ms = end_ms


def _values(columns: Columns, first_ms: int, end_ms: int, last_ms: int) -> list[MeterValue]:
    """Readings between two times that held since last_ms at the latest; of several at one time, the first stored."""
    values: list[MeterValue] = []
    for at_ms, milliwatts, millivolts, milliamps, milliwatt_hours, held_ms in columns.rows():
        value = MeterValue(at_ms, millivolts, milliamps, milliwatts, milliwatt_hours, held_ms)
        is_between = first_ms <= at_ms < end_ms and at_ms - held_ms <= last_ms
        if is_between and (not values or values[-1].at_ms != at_ms):
            values.append(value)
    return values


def readme(export: Export, account: Account, now_ms: int) -> str:
    """Write README.txt of an export that is made now."""
    begin = iso(export.first_ms) if export.first_ms else "the beginning"
    parts = [
        f"Ghostwatt {VERSION}: the data of {account.email}",
        f"Made {iso(now_ms)}, of the data kept from {begin} to {iso(export.last_ms)}; expired data is left out.",
        _FORMATS.format(timezone=account.timezone),
        _SETTINGS,
        *map(_describe, TABLES),
    ]
    return "\n\n".join(parts) + "\n"


def _describe(table: Table[Any]) -> str:
    width = max(map(len, table.names))
    lines = [f"  {column.name.ljust(width)}  {column.meaning}" for column in table.columns]
    return "\n".join([table.path, f"  {table.holds}", *lines])
