"""The JSON of custom sensors: what a device sends, and its history as logs or summaries, as rows, columns or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from chalicelib.core.csv_tables import Cell, Table, csv_reply, next_page_header
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import END, SIGN, Answer, Iso, Part, Request, Timestamp
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.core.units import units_of
from chalicelib.detection.reply_schemas import DeviceReply
from chalicelib.readings.history_queries import Form, encode_cursor
from chalicelib.readings.model import SensorLog
from chalicelib.readings.sensor_service import SummaryPage
from chalicelib.readings.sensors import Summaries

FIGURES = ("mean", "min", "max")

SENSOR_NAME_PATTERN = rf"^{SIGN}{{1,64}}{END}"
SensorName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=SENSOR_NAME_PATTERN)]
SensorValue = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Sensors = Annotated[dict[SensorName, SensorValue], msgspec.Meta(min_length=1, max_length=64)]


class RecordSensors(Request, frozen=True):
    sensors: Sensors
    timestamp: Timestamp | None = None


class SensorsAnswer(DeviceReply, frozen=True, kw_only=True):
    """duplicates names the sensors, if any, that had a value of this time already: the first one stays."""

    duplicates: list[str] | msgspec.UnsetType = msgspec.UNSET


class SensorLogPart(Part, frozen=True, kw_only=True):
    timestamp: Iso
    timestamp_ms: int
    sensors: dict[str, float]


class SensorHistory(Answer, frozen=True, kw_only=True):
    """Logs as they came. units are hints by the sensors' names."""

    device_id: str
    data: list[SensorLogPart]
    units: dict[str, str]
    cursor: str | None


class SensorColumns(Answer, frozen=True, kw_only=True):
    """The same by columns, all of one length; null where a log did not name a sensor."""

    device_id: str
    timestamp: list[Iso]
    timestamp_ms: list[int]
    sensors: dict[str, list[float | None]]
    units: dict[str, str]
    cursor: str | None


class SensorSummary(Part, frozen=True, kw_only=True):
    """The mean of the values that were sent, each counting alike, and the extremes."""

    mean: float
    min: float
    max: float


class SensorSummaryPoint(Part, frozen=True, kw_only=True):
    """What was said in the seconds from a time on."""

    timestamp: Iso
    timestamp_ms: int
    seconds: float
    sensors: dict[str, SensorSummary]


class SensorSummaries(Answer, frozen=True, kw_only=True):
    """By five minutes, or by hours or days of the account's time zone. units are hints by the sensors' names."""

    device_id: str
    resolution: UsageResolution
    data: list[SensorSummaryPoint]
    units: dict[str, str]
    cursor: str | None


class SensorSummaryColumns(Answer, frozen=True, kw_only=True):
    """The same by columns, all of one length; null where a sensor said nothing."""

    device_id: str
    resolution: UsageResolution
    timestamp: list[Iso]
    timestamp_ms: list[int]
    seconds: list[float]
    sensors: dict[str, dict[str, list[float | None]]]
    units: dict[str, str]
    cursor: str | None


def sensor_logs_reply(device_id: str, form: Form, logs: Sequence[SensorLog], next_cursor: str | None) -> Reply:
    """Answer a page of logs as they came."""
    names = sorted({name for log in logs for name in log.values})
    times = [iso(log.at_ms) for log in logs]
    if form in ("csv", "csv-bom"):
        rows = [(at, log.at_ms, *map(log.values.get, names)) for at, log in zip(times, logs, strict=True)]
        table = Table(["timestamp", "timestampMs", *names], rows)
        return csv_reply(table, next_cursor, byte_order_mark=form == "csv-bom")
    if form == "rows":
        data = [
            SensorLogPart(timestamp=at, timestamp_ms=log.at_ms, sensors=dict(log.values))
            for at, log in zip(times, logs, strict=True)
        ]
        answer = SensorHistory(device_id=device_id, data=data, units=units_of(names), cursor=next_cursor)
        return Reply(answer, next_page_header(next_cursor))
    by_columns = SensorColumns(
        device_id=device_id,
        timestamp=times,
        timestamp_ms=[log.at_ms for log in logs],
        sensors={name: [log.values.get(name) for log in logs] for name in names},
        units=units_of(names),
        cursor=next_cursor,
    )
    return Reply(by_columns, next_page_header(next_cursor))


def sensor_summaries_reply(device_id: str, resolution: UsageResolution, form: Form, page: SummaryPage) -> Reply:
    """Answer a page of summaries."""
    next_cursor = encode_cursor(resolution, page.next_ms)
    points = [_point(summaries) for summaries in page.summaries]
    if form in ("csv", "csv-bom"):
        return csv_reply(_summary_table(points), next_cursor, byte_order_mark=form == "csv-bom")
    if form == "columns":
        return Reply(_summary_columns(device_id, resolution, points, next_cursor), next_page_header(next_cursor))
    units = units_of(_sensor_names(points))
    rows = SensorSummaries(device_id=device_id, resolution=resolution, data=points, units=units, cursor=next_cursor)
    return Reply(rows, next_page_header(next_cursor))


def _point(summaries: Summaries) -> SensorSummaryPoint:
    return SensorSummaryPoint(
        timestamp=iso(summaries.span.start_ms),
        timestamp_ms=summaries.span.start_ms,
        seconds=(summaries.span.end_ms - summaries.span.start_ms) / SECOND_MS,
        sensors={
            name: SensorSummary(mean=summary.mean, min=summary.least, max=summary.most)
            for name, summary in summaries.sensors.items()
        },
    )


def _sensor_names(points: Sequence[SensorSummaryPoint]) -> list[str]:
    return sorted({name for point in points for name in point.sensors})


def _figures(points: Sequence[SensorSummaryPoint], name: str) -> dict[str, list[float | None]]:
    summaries = [point.sensors.get(name) for point in points]
    return {
        figure: [None if summary is None else getattr(summary, figure) for summary in summaries] for figure in FIGURES
    }


def _summary_columns(
    device_id: str, resolution: UsageResolution, points: Sequence[SensorSummaryPoint], next_cursor: str | None
) -> SensorSummaryColumns:
    names = _sensor_names(points)
    return SensorSummaryColumns(
        device_id=device_id,
        resolution=resolution,
        timestamp=[point.timestamp for point in points],
        timestamp_ms=[point.timestamp_ms for point in points],
        seconds=[point.seconds for point in points],
        sensors={name: _figures(points, name) for name in names},
        units=units_of(names),
        cursor=next_cursor,
    )


def _summary_table(points: Sequence[SensorSummaryPoint]) -> Table:
    """A column for each figure of each sensor, such as temperature.mean."""
    names = _sensor_names(points)
    columns = [column for name in names for column in _figures(points, name).values()]
    rows: list[list[Cell]] = [
        [point.timestamp, point.timestamp_ms, point.seconds, *(column[index] for column in columns)]
        for index, point in enumerate(points)
    ]
    header = ["timestamp", "timestampMs", "seconds", *(f"{name}.{figure}" for name in names for figure in FIGURES)]
    return Table(header, rows)
