"""The JSON of an outlet's history: raw readings or usage, as rows, columns or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.core.csv_tables import Cell, Table, csv_reply, next_page_header
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import Answer, Iso, Part
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.energy.model import Usage, watt_hours
from chalicelib.energy.usage_history import UsageHistoryPage
from chalicelib.readings.history import RawPage
from chalicelib.readings.history_queries import Form, Resolution, encode_cursor
from chalicelib.readings.model import MeterReading


class HistoryPoint(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A reading; power is the mean over the heldMs up to its time. Volts and amps are null where there are none."""

    timestamp: Iso
    timestamp_ms: int
    voltage: float | None
    current: float | None
    power: float
    held_ms: int = 0


class UsagePoint(Part, frozen=True, kw_only=True):
    """What was used in the seconds from a time on, of which coveredSeconds were measured.

    The energy of a gap is known too where the meter's own counter tells it. Where none is known there is no mean.
    """

    timestamp: Iso
    timestamp_ms: int
    seconds: float
    watt_hours: float
    in_use_watt_hours: float
    standby_watt_hours: float
    min_watts: float | None
    mean_watts: float | None
    max_watts: float | None
    covered_seconds: float


class PortHistory(Answer, frozen=True, kw_only=True):
    """Readings as they came."""

    port_id: str
    resolution: Literal["raw"]
    readings: list[HistoryPoint]
    cursor: str | None


class PortUsage(Answer, frozen=True, kw_only=True):
    """Usage by five minutes, or by hours or days of the account's time zone."""

    port_id: str
    resolution: UsageResolution
    readings: list[UsagePoint]
    cursor: str | None


class PortColumns(Answer, frozen=True, kw_only=True):
    """Either of them by columns, the fields of the rows; all of one length."""

    port_id: str
    resolution: Resolution
    columns: dict[str, list[Cell]]
    cursor: str | None


def history_point(reading: MeterReading) -> HistoryPoint:
    """A raw reading in a history."""
    return HistoryPoint(
        timestamp=iso(reading.at_ms),
        timestamp_ms=reading.at_ms,
        voltage=reading.voltage,
        current=reading.current,
        power=reading.power,
        held_ms=reading.held_ms,
    )


def usage_point(usage: Usage) -> UsagePoint:
    """What was used in a stretch of time; energy to the microwatt-hour."""
    return UsagePoint(
        timestamp=iso(usage.start_ms),
        timestamp_ms=usage.start_ms,
        seconds=usage.length_ms / SECOND_MS,
        watt_hours=round(watt_hours(usage.microjoules), 6),
        in_use_watt_hours=round(watt_hours(usage.in_use_microjoules), 6),
        standby_watt_hours=round(watt_hours(usage.standby_microjoules), 6),
        min_watts=_watts(usage.min_milliwatts),
        mean_watts=None if usage.mean_watts is None else round(usage.mean_watts, 3),
        max_watts=_watts(usage.max_milliwatts),
        covered_seconds=usage.covered_ms / SECOND_MS,
    )


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1_000


def raw_history_reply(port_id: str, form: Form, page: RawPage) -> Reply:
    """Answer a page of raw readings."""
    points = [history_point(reading) for reading in page.readings]
    rows = PortHistory(port_id=port_id, resolution="raw", readings=points, cursor=encode_cursor("raw", page.next_ms))
    return _reply(form, rows, _table(HistoryPoint, points))


def usage_history_reply(port_id: str, resolution: UsageResolution, form: Form, page: UsageHistoryPage) -> Reply:
    """Answer a page of usages."""
    points = [usage_point(usage) for usage in page.usages]
    next_cursor = encode_cursor(resolution, page.next_ms)
    rows = PortUsage(port_id=port_id, resolution=resolution, readings=points, cursor=next_cursor)
    return _reply(form, rows, _table(UsagePoint, points))


def _reply(form: Form, rows: PortHistory | PortUsage, table: Table) -> Reply:
    if form in ("csv", "csv-bom"):
        return csv_reply(table, rows.cursor, byte_order_mark=form == "csv-bom")
    if form == "rows":
        return Reply(rows, next_page_header(rows.cursor))
    columns = table.columns()
    by_columns = PortColumns(port_id=rows.port_id, resolution=rows.resolution, columns=columns, cursor=rows.cursor)
    return Reply(by_columns, next_page_header(rows.cursor))


def _table(kind: type[HistoryPoint | UsagePoint], points: Sequence[Part]) -> Table:
    """Put points into a table, its names those of the JSON fields."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return Table(names, [msgspec.structs.astuple(point) for point in points])
