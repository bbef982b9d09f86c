"""What is in an export: an account with all that hangs on it, less what has expired; and a page that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import msgspec

from chalicelib.domain.accounts import Account
from chalicelib.domain.devices import Device
from chalicelib.domain.energy.usage import watt_hours
from chalicelib.domain.events import NOTIFICATION_RETENTION_MS
from chalicelib.domain.exports import Export
from chalicelib.domain.money import amounts
from chalicelib.domain.money.savings import assumption
from chalicelib.domain.ports import Port
from chalicelib.domain.times import SECOND_MS, iso, iso_or_none
from chalicelib.domain.units import unit_of
from chalicelib.services import history, notification_settings, savings, tariffs
from chalicelib.services.export_archive import Archive, Row
from chalicelib.services.export_readings import READING_COLUMNS, add_readings
from chalicelib.services.export_readme import Described, readme
from chalicelib.storage import devices as device_store
from chalicelib.storage import notifications, phantom_events
from chalicelib.storage import ports as port_store
from chalicelib.storage import readings as reading_store
from chalicelib.storage import tariffs as tariff_store

A_PAGE = 500
"""Rows loaded at once."""
RESOLUTIONS: tuple[history.UsageResolution, ...] = ("5m", "1h", "1d")
DEVICE_COLUMNS = {
    "deviceId": "the device's public id",
    "name": "what you call it",
    "createdAt": "when it was paired",
    "lastSeen": "when it last called; empty if it never did",
    "online": "whether it was online when the export was made",
    "rawRetentionDays": "for how many days its readings are kept",
}
PORT_COLUMNS = {
    "portId": "the outlet's id, which names its tables",
    "deviceId": "its device",
    "name": "what you call it",
    "channel": "its place on the meter, 1 to 32",
    "kind": "what is plugged in",
    "thresholdWatts": "watts below which it counts as standby; empty: learned",
    "dwellSeconds": "how many seconds standby must last; empty: learned",
    "policy": "observe, notify or cut",
    "neverCut": "whether it must never be cut",
    "relay": "on or off, as it was wanted when the export was made",
}
SENSOR_COLUMNS = {
    "timestamp": "when it was measured, ISO 8601, UTC",
    "timestampMs": "the same as milliseconds since 1970-01-01T00:00:00Z",
    "sensor": "the sensor's name",
    "value": "what it said",
    "unit": "a guess from the name; empty where it tells nothing",
}
USAGE_COLUMNS = {
    "timestamp": "where the stretch begins, ISO 8601, UTC",
    "timestampMs": "the same as milliseconds since 1970-01-01T00:00:00Z",
    "seconds": "how long the stretch is; a day has 23 or 25 hours where the clock is changed",
    "wattHours": "watt-hours used",
    "inUseWattHours": "of these, while the appliance was in use",
    "standbyWattHours": "of these, in standby",
    "minWatts": "the least watts of a reading in it",
    "meanWatts": "mean watts over the seconds that were measured",
    "maxWatts": "the most watts of a reading in it",
    "coveredSeconds": "how many of the seconds were measured; gaps are not filled in",
}
EVENT_COLUMNS = {
    "eventId": "the event's id",
    "portId": "its outlet",
    "portName": "what the outlet was called then",
    "deviceId": "its device",
    "detectedPower": "mean watts of the standby that was found",
    "detectedAt": "when it was found",
    "startedAt": "when the standby began",
    "actionTaken": "auto_cut, notified or observed",
    "reason": "why",
    "outcome": "how far a cut came: sent, obeyed, confirmed, contradicted, refused or undone; empty without one",
    "endedAt": "when it ended; empty if it has not",
    "verdict": "what you said of it: right or wrong; empty if nothing",
}
NOTIFICATION_COLUMNS = {
    "notificationId": "the notification's id",
    "kind": "what it is about",
    "message": "what you were told",
    "at": "when",
    "read": "whether it was read",
    "portId": "the outlet it is about; empty if none",
    "deviceId": "the device it is about; empty if none",
}
SAVING_COLUMNS = {
    "eventId": "the phantom event whose cut it was",
    "portId": "its outlet",
    "portName": "what the outlet was called then",
    "from": "when the device had switched off",
    "to": "when it came on again; empty if it is off, or that is not known",
    "standbyWatts": "mean watts of the standby before the cut",
    "seconds": "how many seconds are counted, a day at most",
    "savedKwh": "kilowatt-hours saved",
    "savedMoney": "what they would have cost, in the account's currency",
    "endedBy": "restored, use, limit, open or unknown",
    "assumption": "what the figure rests on",
}
TABLES: tuple[Described, ...] = (
    ("devices", "Your devices.", DEVICE_COLUMNS),
    ("ports", "Your outlets.", PORT_COLUMNS),
    ("phantom-events", "Stretches of standby and what was done, newest first.", EVENT_COLUMNS),
    ("notifications", "What you were told, newest first.", NOTIFICATION_COLUMNS),
    ("savings", "What each cut has saved, newest first.", SAVING_COLUMNS),
    ("energy/PORT/5m, 1h, 1d", "What an outlet used, by five minutes (for 13 months), hour and day.", USAGE_COLUMNS),
    ("sensors/DEVICE", "What a device's free sensors said, a row for each value.", SENSOR_COLUMNS),
    ("readings/PORT/YYYY-MM-DD", "What an outlet's meter said, by UTC day, as it came.", READING_COLUMNS),
)


def write(archive: Archive, export: Export, account: Account, now_ms: int) -> None:
    """Write all of it; of one device or outlet after the other, oldest first where that is cheap."""
    devices = device_store.of_owner(account.user_id)
    ports = [port for device in devices for port in port_store.of_device(device.device_uid)]
    archive.add_text("README.txt", readme(export, account, TABLES, now_ms))
    archive.add_text("account.json", msgspec.json.format(msgspec.json.encode(_account(account))))
    archive.add_table("devices", DEVICE_COLUMNS, map(_device, devices))
    archive.add_table("ports", PORT_COLUMNS, map(_port, ports))
    archive.add_table("phantom-events", EVENT_COLUMNS, _events(export))
    archive.add_table("notifications", NOTIFICATION_COLUMNS, _notifications(export, now_ms))
    archive.add_table("savings", SAVING_COLUMNS, _savings(export, account, ports, now_ms))
    for port in ports:
        _add_energy(archive, export, account, port, now_ms)
    for device in devices:
        archive.add_table(f"sensors/{device.device_id}", SENSOR_COLUMNS, _sensors(export, device, now_ms))
        add_readings(archive, device, export.first_ms, export.last_ms, now_ms)


def _account(account: Account) -> dict[str, Any]:
    chosen = notification_settings.of_account(account).preferences
    return {
        "email": account.email,
        "createdAt": iso(account.created_at_ms),
        "currency": account.currency,
        "tariffPerKwh": account.tariff_per_kwh,
        "gramsCo2PerKwh": account.grams_co2_per_kwh,
        "timezone": account.timezone,
        "rawRetentionDays": account.raw_retention_days,
        "tariffs": [asdict(tariff) for tariff in tariff_store.load(account.user_id)],
        "notifications": {
            "kinds": chosen.all_kinds(),
            "email": chosen.email,
            "webhookUrl": chosen.webhook.url if chosen.webhook else None,
            "quietHours": chosen.quiet_hours,
            "weeklyDigest": chosen.weekly_digest,
        },
    }


def _device(device: Device) -> Row:
    last_seen = iso_or_none(device.last_seen_ms)
    created_at, days = iso(device.created_at_ms), device.retention.days
    return device.device_id, device.name, created_at, last_seen, device.online, days


def _port(port: Port) -> Row:
    rule = (port.threshold_watts, port.dwell_seconds, port.policy, port.never_cut)
    return port.port_id, port.device_id, port.name, port.channel, port.kind, *rule, port.relay.desired


def _sensors(export: Export, device: Device, now_ms: int) -> Iterator[Row]:
    first_ms, cursor = max(export.first_ms, device.retention.oldest_ms(now_ms)), None
    while first_ms <= export.last_ms:
        logs, cursor = reading_store.sensor_page(device.device_uid, first_ms, export.last_ms, A_PAGE, cursor)
        for log in logs:
            for name, value in log.values.items():
                yield iso(log.at_ms), log.at_ms, name, value, unit_of(name)
        if cursor is None:
            return


def _add_energy(archive: Archive, export: Export, account: Account, port: Port, now_ms: int) -> None:
    of = history.own(account.user_id, port.port_id, now_ms)
    for resolution in RESOLUTIONS:
        rows = _usages(of, resolution, account.timezone, export, now_ms)
        archive.add_table(f"energy/{port.port_id}/{resolution}", USAGE_COLUMNS, rows)


def _usages(
    of: history.Recorded, resolution: history.UsageResolution, timezone: str, export: Export, now_ms: int
) -> Iterator[Row]:
    next_ms: int | None = export.first_ms
    while next_ms is not None:
        page = history.usages(of, resolution, timezone, next_ms, export.last_ms, A_PAGE, now_ms)
        for usage in page.usages:
            hours = (usage.microjoules, usage.in_use_microjoules, usage.standby_microjoules)
            yield (
                iso(usage.start_ms),
                usage.start_ms,
                usage.length_ms / SECOND_MS,
                *(round(watt_hours(microjoules), 6) for microjoules in hours),
                _watts(usage.min_milliwatts),
                None if usage.mean_watts is None else round(usage.mean_watts, 3),
                _watts(usage.max_milliwatts),
                usage.covered_ms / SECOND_MS,
            )
        next_ms = page.next_ms


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1_000


def _events(export: Export) -> Iterator[Row]:
    """Newest first, as they are stored."""
    cursor: str | None = None
    while True:
        events, cursor = phantom_events.of_owner(export.owner_id, A_PAGE, cursor)
        for event in events:
            if export.first_ms <= event.detected_at_ms <= export.last_ms:
                yield (
                    event.event_id,
                    event.port_id,
                    event.port_name,
                    event.device_id,
                    round(event.detected_watts, 3),
                    iso(event.detected_at_ms),
                    iso(event.started_at_ms),
                    event.action,
                    event.reason,
                    event.outcome,
                    iso_or_none(event.ended_at_ms),
                    event.verdict,
                )
        if cursor is None:
            return


def _notifications(export: Export, now_ms: int) -> Iterator[Row]:
    """Newest first, as they are stored."""
    cursor: str | None = None
    first_ms = max(export.first_ms, now_ms - NOTIFICATION_RETENTION_MS)
    while True:
        told, cursor = notifications.of_owner(export.owner_id, A_PAGE, cursor)
        for one in told:
            if first_ms <= one.at_ms <= export.last_ms:
                at = iso(one.at_ms)
                yield one.notification_id, one.kind, one.message, at, one.read, one.port_id, one.device_id
        if cursor is None:
            return


def _savings(export: Export, account: Account, ports: Iterable[Port], now_ms: int) -> Iterator[Row]:
    prices = tariffs.prices_of(account)
    for saving in savings.of_owner(account.user_id, ports, export.first_ms, export.last_ms, now_ms):
        if export.first_ms <= saving.event.detected_at_ms <= export.last_ms:
            yield (
                saving.event.event_id,
                saving.event.port_id,
                saving.event.port_name,
                iso(saving.from_ms),
                iso_or_none(saving.to_ms),
                saving.milliwatts / 1_000,
                saving.counted_ms // SECOND_MS,
                amounts.kwh(saving.microjoules),
                amounts.money(saving.cost(prices)),
                saving.ended_by,
                assumption(saving),
            )
