"""What histories share: their query, the cursor of a time, and rows as JSON, columns or CSV."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast

import msgspec

from chalicelib.core import views
from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.query import DEFAULT_LIMIT, Cursor, SpanQuery
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import Part
from chalicelib.core.spreadsheets import BYTE_ORDER_MARK, escape_formula
from chalicelib.core.times import LATEST_MS, iso
from chalicelib.core.units import units_of
from chalicelib.devices.schemas import SensorColumns, SensorHistory
from chalicelib.energy.usage_history import UsagePage
from chalicelib.readings.history import RawPage
from chalicelib.readings.history_schemas import (
    Cell,
    HistoryPoint,
    PortColumns,
    PortHistory,
    PortUsage,
    Resolution,
    UsagePoint,
    history_point,
    usage_point,
)
from chalicelib.readings.model import SensorLog

POINTS = 2_000
"""What a chart has room for."""
MOST_POINTS = 10_000
"""The longest rows of these take 3 MB: a page stays below 4."""
Form = Literal["rows", "columns", "csv", "csv-bom"]
PointLimit = Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)]
CURSOR = re.compile(r"(raw|5m|1h|1d) (\d{1,13})", re.ASCII)


class HistoryQuery(SpanQuery, frozen=True, kw_only=True):
    """Which part of a history, how fine, and in which form."""

    resolution: (
        Annotated[Resolution, msgspec.Meta(description="without it the finest that has at most width points")] | None
    ) = None
    width: Annotated[PointLimit, msgspec.Meta(description="the points that a chart has room for")] = POINTS
    format: Annotated[
        Literal["json", "csv", "csv-bom"],
        msgspec.Meta(description="csv-bom is CSV with a byte order mark, by which Excel knows UTF-8"),
    ] = "json"
    layout: Literal["rows", "columns"] = "rows"
    limit: PointLimit = POINTS
    cursor: Cursor | None = None

    @property
    def form(self) -> Form:
        """How to answer."""
        return self.layout if self.format == "json" else self.format


class SensorQuery(SpanQuery, frozen=True, kw_only=True):
    """Which part of the history of a device's sensors, how fine, and in which form."""

    resolution: (
        Annotated[Resolution, msgspec.Meta(description="raw, or mean, least and most of each stretch; without it raw")]
        | None
    ) = None
    width: Annotated[PointLimit, msgspec.Meta(description="the points that a chart has room for")] = POINTS
    format: Annotated[
        Literal["json", "csv", "csv-bom"],
        msgspec.Meta(description="csv-bom is CSV with a byte order mark, by which Excel knows UTF-8"),
    ] = "json"
    layout: Literal["rows", "columns"] = "rows"
    limit: (
        Annotated[PointLimit, msgspec.Meta(description=f"without it {DEFAULT_LIMIT} raw logs, or {POINTS:,} stretches")]
        | None
    ) = None
    cursor: Cursor | None = None

    @property
    def form(self) -> Form:
        """How to answer."""
        return self.layout if self.format == "json" else self.format


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for; without a resolution, that of which the stretch has at most `points` points."""

    resolution: Resolution | None
    first_ms: int
    last_ms: int
    limit: int
    points: int
    layout: Form

    @property
    def usage_resolution(self) -> UsageResolution | None:
        """The resolution, where it is one of usage."""
        return None if self.resolution == "raw" else self.resolution


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind; a row is as long as the names."""

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def columns(self) -> dict[str, list[Cell]]:
        """The rows by name."""
        return {name: [row[index] for row in self.rows] for index, name in enumerate(self.names)}


def asked(query: HistoryQuery | SensorQuery) -> Asked:
    """What a query asks for; a cursor goes on from where the page before ended. Raises Invalid (cursor)."""
    first_ms, last_ms = query.span_ms
    resolution = query.resolution
    limit = POINTS if query.limit is None else query.limit
    if query.cursor:
        resolution, first_ms = _position(query.cursor, resolution)
    return Asked(resolution, first_ms, last_ms, limit, min(query.width, limit), query.form)


def cursor(resolution: Resolution, next_ms: int | None) -> str | None:
    """The cursor of a page that goes on at a time."""
    return None if next_ms is None else base64.urlsafe_b64encode(f"{resolution} {next_ms}".encode()).decode()


def _position(given: str, resolution: Resolution | None) -> tuple[Resolution, int]:
    try:
        found = CURSOR.fullmatch(base64.urlsafe_b64decode(given).decode())
    except ValueError:
        found = None
    if found is None or found[1] != (resolution or found[1]) or int(found[2]) > LATEST_MS:
        raise Invalid("This is not a cursor of this list.", code="invalid", field="cursor")
    return cast("Resolution", found[1]), int(found[2])


def raw_reply(port_id: str, asked: Asked, page: RawPage) -> Reply:
    """A page of raw readings."""
    points = [history_point(reading) for reading in page.readings]
    rows = PortHistory(port_id=port_id, resolution="raw", readings=points, cursor=cursor("raw", page.next_ms))
    return _reply(asked, rows, table(HistoryPoint, points))


def usage_reply(port_id: str, resolution: UsageResolution, asked: Asked, page: UsagePage) -> Reply:
    """A page of usages."""
    points = [usage_point(usage) for usage in page.usages]
    goes_on = cursor(resolution, page.next_ms)
    rows = PortUsage(port_id=port_id, resolution=resolution, readings=points, cursor=goes_on)
    return _reply(asked, rows, table(UsagePoint, points))


def _reply(asked: Asked, rows: PortHistory | PortUsage, shown: Table) -> Reply:
    if asked.layout in ("csv", "csv-bom"):
        return csv_reply(shown, asked.layout, rows.cursor)
    if asked.layout == "rows":
        return Reply(rows, more(rows.cursor))
    columns = shown.columns()
    by_columns = PortColumns(port_id=rows.port_id, resolution=rows.resolution, columns=columns, cursor=rows.cursor)
    return Reply(by_columns, more(rows.cursor))


def sensor_reply(device_id: str, how: Form, logs: Sequence[SensorLog], goes_on: str | None) -> Reply:
    """A page of what free sensors said."""
    names = sorted({name for log in logs for name in log.values})
    times = [iso(log.at_ms) for log in logs]
    if how in ("csv", "csv-bom"):
        rows = [(at, log.at_ms, *map(log.values.get, names)) for at, log in zip(times, logs, strict=True)]
        return csv_reply(Table(["timestamp", "timestampMs", *names], rows), how, goes_on)
    if how == "rows":
        data = [views.sensor_log(log) for log in logs]
        answer = SensorHistory(device_id=device_id, data=data, units=units_of(names), cursor=goes_on)
        return Reply(answer, more(goes_on))
    by_columns = SensorColumns(
        device_id=device_id,
        timestamp=times,
        timestamp_ms=[log.at_ms for log in logs],
        sensors={name: [log.values.get(name) for log in logs] for name in names},
        units=units_of(names),
        cursor=goes_on,
    )
    return Reply(by_columns, more(goes_on))


def table(kind: type[HistoryPoint | UsagePoint], points: Sequence[Part]) -> Table:
    """Points as a table, its names those of the JSON fields."""
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    return Table(names, [msgspec.structs.astuple(point) for point in points])


def csv_reply(shown: Table, how: Form, next_cursor: str | None) -> Reply:
    """A table as CSV with a line of names (RFC 4180); what has no value is empty. With a byte order mark for Excel."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK if how == "csv-bom" else "")
    writer = csv.writer(text)
    writer.writerow(map(escape_formula, shown.names))  # a sensor's name is a column's
    writer.writerows(shown.rows)
    headers = {"Cache-Control": "no-store", **more(next_cursor)}
    return Reply(text.getvalue(), headers, content_type="text/csv; charset=utf-8")


def more(next_cursor: str | None) -> dict[str, str]:
    """The header that names the next page, if there is one."""
    return {"x-next-cursor": next_cursor} if next_cursor else {}
