"""Free sensors by five minutes, hours or days: the answer to GET /device/{deviceId}/data?resolution=."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.accounts.authentication import SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.responses import Reply
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.core.units import units_of
from chalicelib.devices.service import get_owned_device
from chalicelib.readings import history_query as asking
from chalicelib.readings import sensor_service
from chalicelib.readings.history_schemas import Cell
from chalicelib.readings.sensor_schemas import (
    SensorSummaries,
    SensorSummary,
    SensorSummaryColumns,
    SensorSummaryPoint,
)
from chalicelib.readings.sensors import Summaries

FIGURES = ("mean", "min", "max")


def reply(call: SessionCall[None], device_id: str, query: asking.SensorQuery) -> Reply:
    """A page of summaries, as rows, columns or CSV. Raises Invalid, NotFound."""
    asked = asking.asked(query)
    device = get_owned_device(call.owner_id, device_id)
    resolution = asked.usage_resolution or "5m"
    timezone = "UTC" if resolution == "5m" else get_account(call.session).timezone
    page = sensor_service.load_sensor_summaries(
        device, resolution, timezone, asked.first_ms, asked.last_ms, asked.limit, call.now_ms
    )
    goes_on = asking.cursor(resolution, page.next_ms)
    points = [_point(summaries) for summaries in page.summaries]
    if asked.layout in ("csv", "csv-bom"):
        return asking.csv_reply(_table(points), asked.layout, goes_on)
    if asked.layout == "columns":
        return Reply(_columns(device_id, resolution, points, goes_on), asking.more(goes_on))
    units = units_of(_names(points))
    rows = SensorSummaries(device_id=device_id, resolution=resolution, data=points, units=units, cursor=goes_on)
    return Reply(rows, asking.more(goes_on))


def _point(shown: Summaries) -> SensorSummaryPoint:
    return SensorSummaryPoint(
        timestamp=iso(shown.span.start_ms),
        timestamp_ms=shown.span.start_ms,
        seconds=(shown.span.end_ms - shown.span.start_ms) / SECOND_MS,
        sensors={
            name: SensorSummary(mean=found.mean, min=found.least, max=found.most)
            for name, found in shown.sensors.items()
        },
    )


def _names(points: Sequence[SensorSummaryPoint]) -> list[str]:
    return sorted({name for point in points for name in point.sensors})


def _figures(points: Sequence[SensorSummaryPoint], name: str) -> dict[str, list[float | None]]:
    found = [point.sensors.get(name) for point in points]
    return {figure: [None if one is None else getattr(one, figure) for one in found] for figure in FIGURES}


def _columns(
    device_id: str, resolution: UsageResolution, points: Sequence[SensorSummaryPoint], goes_on: str | None
) -> SensorSummaryColumns:
    names = _names(points)
    return SensorSummaryColumns(
        device_id=device_id,
        resolution=resolution,
        timestamp=[point.timestamp for point in points],
        timestamp_ms=[point.timestamp_ms for point in points],
        seconds=[point.seconds for point in points],
        sensors={name: _figures(points, name) for name in names},
        units=units_of(names),
        cursor=goes_on,
    )


def _table(points: Sequence[SensorSummaryPoint]) -> asking.Table:
    """A column for each figure of each sensor, such as temperature.mean."""
    names = _names(points)
    columns = [column for name in names for column in _figures(points, name).values()]
    rows: list[list[Cell]] = [
        [point.timestamp, point.timestamp_ms, point.seconds, *(column[index] for column in columns)]
        for index, point in enumerate(points)
    ]
    header = ["timestamp", "timestampMs", "seconds", *(f"{name}.{figure}" for name in names for figure in FIGURES)]
    return asking.Table(header, rows)
