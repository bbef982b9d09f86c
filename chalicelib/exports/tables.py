"""The tables of an export: one description of each column drives CSV, JSON lines and README.txt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from chalicelib.core.csv_tables import Cell
from chalicelib.core.times import SECOND_MS, iso, iso_or_none
from chalicelib.core.units import unit_of
from chalicelib.detection.model import PhantomEvent
from chalicelib.devices.model import Device
from chalicelib.energy.model import Usage, kwh, money, watt_hours
from chalicelib.energy.savings import Saving, assumption
from chalicelib.energy.tariffs import Prices
from chalicelib.notifications.model import Notification
from chalicelib.ports.model import Port
from chalicelib.readings.model import from_thousandths

Entry = TypeVar("Entry")
ISO_TIME = "ISO 8601, UTC"
EPOCH_MS = "the same as milliseconds since 1970-01-01T00:00:00Z"


class Column(NamedTuple, Generic[Entry]):
    """A column: its name, its meaning with the unit, and how its value is read from an entry."""

    name: str
    meaning: str
    value: Callable[[Entry], Cell]


@dataclass(frozen=True, slots=True)
class Table(Generic[Entry]):
    """A table: its path in the zip (with placeholders in capitals), a sentence that says what it holds, its columns."""

    path: str
    holds: str
    columns: tuple[Column[Entry], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    def row(self, entry: Entry) -> list[Cell]:
        """Read the values of all columns from an entry."""
        return [column.value(entry) for column in self.columns]


class SensorValue(NamedTuple):
    """One value of a custom sensor."""

    at_ms: int
    sensor: str
    value: float


class MeterValue(NamedTuple):
    """One reading of an outlet's meter, with the count of the meter's own counter, if it has one."""

    at_ms: int
    millivolts: int | None
    milliamps: int | None
    milliwatts: int
    milliwatt_hours: int | None
    held_ms: int


class PricedSaving(NamedTuple):
    """What one cut saved, and the prices to value it."""

    saving: Saving
    prices: Prices


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1_000


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


DEVICES: Table[Device] = Table(
    "devices",
    "Your devices.",
    (
        Column("deviceId", "the device's public id", lambda device: device.device_id),
        Column("name", "your name for it", lambda device: device.name),
        Column("createdAt", "when it was paired", lambda device: iso(device.created_at_ms)),
        Column("lastSeen", "when it last called; empty: never", lambda device: iso_or_none(device.last_seen_ms)),
        Column("online", "whether it was online when the export was made", lambda device: device.online),
        Column("rawRetentionDays", "days for which its readings are kept", lambda device: device.retention.days),
    ),
)
PORTS: Table[Port] = Table(
    "ports",
    "Your outlets.",
    (
        Column("portId", "the outlet's id, which names its tables", lambda port: port.port_id),
        Column("deviceId", "its device", lambda port: port.device_id),
        Column("name", "your name for it", lambda port: port.name),
        Column("channel", "its place on the meter, 1 to 32", lambda port: port.channel),
        Column("kind", "the appliance that is plugged in", lambda port: port.kind),
        Column(
            "thresholdWatts", "watts below which it is in standby; empty: learned", lambda port: port.threshold_watts
        ),
        Column("dwellSeconds", "seconds that standby must last; empty: learned", lambda port: port.dwell_seconds),
        Column("policy", "observe, notify or cut", lambda port: port.policy),
        Column("neverCut", "whether it must never be cut", lambda port: port.never_cut),
        Column("relay", "on or off, as wanted when the export was made", lambda port: port.relay.desired),
    ),
)
PHANTOM_EVENTS: Table[PhantomEvent] = Table(
    "phantom-events",
    "Stretches of standby and what was done, newest first.",
    (
        Column("eventId", "the event's id", lambda event: event.event_id),
        Column("portId", "its outlet", lambda event: event.port_id),
        Column("portName", "the outlet's name at that time", lambda event: event.port_name),
        Column("deviceId", "its device", lambda event: event.device_id),
        Column("detectedPower", "mean watts of the standby", lambda event: round(event.detected_watts, 3)),
        Column("detectedAt", "when it was found", lambda event: iso(event.detected_at_ms)),
        Column("startedAt", "when the standby began", lambda event: iso(event.started_at_ms)),
        Column("actionTaken", "auto_cut, notified or observed", lambda event: event.action),
        Column("reason", "why", lambda event: event.reason),
        Column(
            "outcome",
            "the last step of a cut: sent, obeyed, confirmed, contradicted, refused or undone; empty without one",
            lambda event: event.outcome,
        ),
        Column("endedAt", "when it ended; empty: it has not", lambda event: iso_or_none(event.ended_at_ms)),
        Column("verdict", "your verdict: right or wrong; empty without one", lambda event: event.verdict),
    ),
)
NOTIFICATIONS: Table[Notification] = Table(
    "notifications",
    "Your notifications, newest first.",
    (
        Column("notificationId", "the notification's id", lambda notification: notification.notification_id),
        Column("kind", "its subject", lambda notification: notification.kind),
        Column("message", "its text", lambda notification: notification.message),
        Column("at", "when it was written", lambda notification: iso(notification.at_ms)),
        Column("read", "whether it was read", lambda notification: notification.read),
        Column("portId", "the outlet that it is about; empty if none", lambda notification: notification.port_id),
        Column("deviceId", "the device that it is about; empty if none", lambda notification: notification.device_id),
    ),
)
SAVINGS: Table[PricedSaving] = Table(
    "savings",
    "What each cut has saved, newest first.",
    (
        Column("eventId", "the phantom event of the cut", lambda priced: priced.saving.event.event_id),
        Column("portId", "its outlet", lambda priced: priced.saving.event.port_id),
        Column("portName", "the outlet's name at that time", lambda priced: priced.saving.event.port_name),
        Column("from", "when the device switched off", lambda priced: iso(priced.saving.from_ms)),
        Column(
            "to",
            "when the outlet came on again; empty: it is off, or that is not known",
            lambda priced: iso_or_none(priced.saving.to_ms),
        ),
        Column(
            "standbyWatts", "mean watts of the standby before the cut", lambda priced: _watts(priced.saving.milliwatts)
        ),
        Column("seconds", "seconds that count, a day at most", lambda priced: priced.saving.counted_ms // SECOND_MS),
        Column("savedKwh", "kilowatt-hours saved", lambda priced: kwh(priced.saving.microjoules)),
        Column(
            "savedMoney",
            "their cost, in the account's currency",
            lambda priced: money(priced.saving.cost(priced.prices)),
        ),
        Column("endedBy", "restored, use, limit, open or unknown", lambda priced: priced.saving.ended_by),
        Column("assumption", "how the figure was computed", lambda priced: assumption(priced.saving)),
    ),
)
USAGES: Table[Usage] = Table(
    "energy/PORT/5m, 1h, 1d",
    "What an outlet used, by five minutes (for 13 months), hour and day.",
    (
        Column("timestamp", f"when the span begins, {ISO_TIME}", lambda usage: iso(usage.start_ms)),
        Column("timestampMs", EPOCH_MS, lambda usage: usage.start_ms),
        Column(
            "seconds",
            "length of the span; a day has 23 or 25 hours where the clock is changed",
            lambda usage: usage.length_ms / SECOND_MS,
        ),
        Column("wattHours", "watt-hours used", lambda usage: round(watt_hours(usage.microjoules), 6)),
        Column(
            "inUseWattHours",
            "of these, while the appliance was in use",
            lambda usage: round(watt_hours(usage.in_use_microjoules), 6),
        ),
        Column(
            "standbyWattHours",
            "of these, in standby",
            lambda usage: round(watt_hours(usage.standby_microjoules), 6),
        ),
        Column("minWatts", "the lowest reading in it, in watts", lambda usage: _watts(usage.min_milliwatts)),
        Column("meanWatts", "mean watts over the measured seconds", lambda usage: _rounded(usage.mean_watts, 3)),
        Column("maxWatts", "the highest reading in it, in watts", lambda usage: _watts(usage.max_milliwatts)),
        Column(
            "coveredSeconds", "measured seconds; gaps are not filled in", lambda usage: usage.covered_ms / SECOND_MS
        ),
    ),
)
SENSOR_VALUES: Table[SensorValue] = Table(
    "sensors/DEVICE",
    "The values of a device's custom sensors, one in a row.",
    (
        Column("timestamp", f"when it was measured, {ISO_TIME}", lambda value: iso(value.at_ms)),
        Column("timestampMs", EPOCH_MS, lambda value: value.at_ms),
        Column("sensor", "the sensor's name", lambda value: value.sensor),
        Column("value", "its value", lambda value: value.value),
        Column("unit", "guessed from the name; empty where it tells nothing", lambda value: unit_of(value.sensor)),
    ),
)
READINGS: Table[MeterValue] = Table(
    "readings/PORT/YYYY-MM-DD",
    "The readings of an outlet's meter, by UTC day.",
    (
        Column("timestamp", f"when it was measured, {ISO_TIME}", lambda reading: iso(reading.at_ms)),
        Column("timestampMs", EPOCH_MS, lambda reading: reading.at_ms),
        Column(
            "voltage",
            "volts; empty where the meter does not measure them",
            lambda reading: from_thousandths(reading.millivolts),
        ),
        Column(
            "current",
            "amperes; empty where the meter does not measure them",
            lambda reading: from_thousandths(reading.milliamps),
        ),
        Column("power", "watts", lambda reading: reading.milliwatts / 1_000),
        Column(
            "energy",
            "watt-hours on the meter's own counter; empty where it has none",
            lambda reading: from_thousandths(reading.milliwatt_hours),
        ),
        Column(
            "heldMs",
            "for how many milliseconds up to its time the reading held; power is the mean over them",
            lambda reading: reading.held_ms,
        ),
    ),
)
TABLES: tuple[Table[Any], ...] = (
    DEVICES,
    PORTS,
    PHANTOM_EVENTS,
    NOTIFICATIONS,
    SAVINGS,
    USAGES,
    SENSOR_VALUES,
    READINGS,
)
"""All tables, in the order of README.txt."""
