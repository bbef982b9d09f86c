"""Routes of readings: one, a batch, what custom sensors say, and the histories of both."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core.http import route
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.responses import Reply
from chalicelib.devices.authentication import DEVICE, DEVICE_IN_BODY, DeviceCall
from chalicelib.devices.service import get_owned_device
from chalicelib.energy import usage_history
from chalicelib.readings import device_handlers, schemas, sensor_schemas
from chalicelib.readings.history import RawPage, RecordedPort, get_recorded_port, load_raw_readings
from chalicelib.readings.history_queries import HistoryQuery, PageStart, SensorQuery
from chalicelib.readings.history_schemas import (
    PortColumns,
    PortHistory,
    PortUsage,
    raw_history_reply,
    usage_history_reply,
)
from chalicelib.readings.sensor_service import load_sensor_logs, load_sensor_summaries

blueprint = Blueprint(__name__)


@route(
    blueprint,
    "POST",
    "/sensor/reading",
    body=schemas.OneReading,
    answers=schemas.OneReadingAnswer,
    who=DEVICE_IN_BODY,
)
def record_reading(call: DeviceCall[schemas.OneReading]) -> schemas.OneReadingAnswer:
    """Record one reading

    The device shows its key as deviceToken in the body, or in the header.
    """
    return device_handlers.handle_reading(call.device, call.body, call.now_ms)


@route(blueprint, "POST", "/sensor/readings", body=schemas.Batch, answers=schemas.BatchAnswer, who=DEVICE)
def record_readings(call: DeviceCall[schemas.Batch]) -> schemas.BatchAnswer:
    """Record a batch of readings

    Each reading is judged by itself; it may say how long it held. Sending the batch again changes nothing.
    """
    return device_handlers.handle_batch(call.device, call.body, call.now_ms)


@route(
    blueprint,
    "POST",
    "/device/data",
    body=sensor_schemas.RecordSensors,
    answers=sensor_schemas.SensorsAnswer,
    who=DEVICE,
)
def record_sensors(call: DeviceCall[sensor_schemas.RecordSensors]) -> sensor_schemas.SensorsAnswer:
    """Record sensor values

    Logs of one device and time are merged; of each sensor the first value stays.
    """
    return device_handlers.handle_sensors(call.device, call.body, call.now_ms)


@route(
    blueprint,
    "GET",
    "/port/{port_id}/history",
    query=HistoryQuery,
    answers=(PortHistory, PortUsage, PortColumns),
    who=SESSION,
    scope="read",
)
def port_history(call: SessionCall[None], port_id: str, query: HistoryQuery) -> Reply:
    """Get the history of an outlet

    Its readings, or what it used by five minutes, hours or days, oldest first. A reading that held is in each span
    that it held in.
    """
    start = query.page_start()
    port = get_recorded_port(call.owner_id, port_id, call.now_ms)
    page = _raw_page(port, start, query, call.now_ms)
    if page is not None:
        return raw_history_reply(port_id, query.form, page)
    resolution = _usage_resolution(port, start, query, call.now_ms)
    limit, timezone = query.point_limit, _timezone(call, resolution)
    usages = usage_history.load_usages(port, resolution, timezone, start.first_ms, start.last_ms, limit, call.now_ms)
    return usage_history_reply(port_id, resolution, query.form, usages)


def _raw_page(port: RecordedPort, start: PageStart, query: HistoryQuery, now_ms: int) -> RawPage | None:
    """Load raw readings if the query asks for them, or if it leaves the choice and all of them fit."""
    if start.resolution is None:
        return usage_history.load_raw_readings_if_few(port, start.first_ms, start.last_ms, query.chart_points, now_ms)
    if start.resolution == "raw":
        return load_raw_readings(port, start.first_ms, start.last_ms, query.point_limit)
    return None


def _usage_resolution(port: RecordedPort, start: PageStart, query: HistoryQuery, now_ms: int) -> UsageResolution:
    if start.resolution is None or start.resolution == "raw":
        return usage_history.resolution_for(port, start.first_ms, start.last_ms, query.chart_points, now_ms)
    return start.resolution


def _timezone(call: SessionCall[None], resolution: UsageResolution) -> str:
    """Hours and days are those of the account's time zone; five minutes are the same everywhere."""
    return "UTC" if resolution == "5m" else get_account(call.session).timezone


@route(
    blueprint,
    "GET",
    "/device/{device_id}/data",
    query=SensorQuery,
    answers=(
        sensor_schemas.SensorHistory,
        sensor_schemas.SensorColumns,
        sensor_schemas.SensorSummaries,
        sensor_schemas.SensorSummaryColumns,
    ),
    who=SESSION,
    scope="read",
)
def sensor_history(call: SessionCall[None], device_id: str, query: SensorQuery) -> Reply:
    """Get sensor history

    The logs as they came, or mean, least and most by five minutes, hours or days, oldest first.
    """
    if query.summary_resolution is not None:
        return _sensor_summaries(call, device_id, query, query.summary_resolution)
    first_ms, last_ms = query.span_ms
    device = get_owned_device(call.owner_id, device_id)
    logs, cursor = load_sensor_logs(device, first_ms, last_ms, query.log_limit, query.cursor, call.now_ms)
    return sensor_schemas.sensor_logs_reply(device_id, query.form, logs, cursor)


def _sensor_summaries(
    call: SessionCall[None], device_id: str, query: SensorQuery, resolution: UsageResolution
) -> Reply:
    start = query.page_start()
    device, timezone = get_owned_device(call.owner_id, device_id), _timezone(call, resolution)
    page = load_sensor_summaries(
        device, resolution, timezone, start.first_ms, start.last_ms, query.point_limit, call.now_ms
    )
    return sensor_schemas.sensor_summaries_reply(device_id, resolution, query.form, page)
