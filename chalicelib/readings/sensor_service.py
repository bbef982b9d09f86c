"""Custom sensors of a device: storing what they say, and reading it back as logs or summaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from chalicelib.core.dynamo import retry_conflicts
from chalicelib.core.local_time import UsageResolution, spans_of
from chalicelib.core.pagination import Cursor, paginate
from chalicelib.devices.model import Device
from chalicelib.devices.store import load_device, save_latest_sensors
from chalicelib.readings.model import SensorLog, SensorsChanged, merged_sensors
from chalicelib.readings.sensors import Summaries, summarised
from chalicelib.readings.service import refuse_time
from chalicelib.readings.store import add_sensor_log, load_sensor_log, load_sensor_page, save_sensor_values

MERGE_TRIES = 10
"""Programs that log other sensors of the same second at the same moment."""
MOST_LOGS_A_LOAD = 200
SENSOR_BYTES = 30
"""What a value takes in an answer besides its name: up to 24 digits, quotes and signs."""
MOST_PAGE_BYTES = 2_500_000
"""With one more load of logs, each of at most 64 sensors with long names, a page stays below 4 MB."""
MOST_LOGS = 20_000
"""Logs read for one page, which takes a few seconds. It ends after the stretch in which they were."""
MOST_FIGURES = 40_000
"""Of 80 bytes at most with their names, and one more stretch of 64 sensors: a page stays below 4 MB."""


class SummaryPage(NamedTuple):
    """Summaries, oldest first, and the time from which the next page goes on (None at the end)."""

    summaries: list[Summaries]
    next_ms: int | None


def record_sensors(device: Device, values: dict[str, float], at_ms: int, now_ms: int, *, timed: bool) -> list[str]:
    """Store a log of a device's custom sensors. Logs of one time are merged; of each sensor the first value stays.

    Args:
        device: The device that sent it.
        values: The values by the sensors' names.
        at_ms: The time of the values, epoch ms.
        now_ms: The server's time, epoch ms.
        timed: Whether the device gave the time; a log without a time of its own is always new.

    Returns:
        The names of the sensors that already had a value of this time.

    Raises:
        Invalid: The time lies ahead or is too old, or there are too many sensors at one time.
        Unavailable: Other logs of the same time are being stored.
    """
    refuse_time(device, at_ms, now_ms)
    log = SensorLog(device.device_uid, device.device_id, device.owner_id, at_ms, values)
    duplicates: list[str] = []
    while not add_sensor_log(log, device.retention, now_ms):
        if timed:
            duplicates = _merge_log(log)
            break
        log = replace(log, at_ms=log.at_ms + 1)
    return duplicates


def _merge_log(log: SensorLog) -> list[str]:
    """Add a log to the one that is stored of its time; the names that are in both."""

    def attempt() -> list[str] | None:
        stored = load_sensor_log(log.device_uid, log.at_ms)
        if stored is None:  # it has expired since
            return None
        together = merged_sensors(stored.values, log.values)
        if together == stored.values or save_sensor_values(stored, together):
            return sorted(log.values.keys() & stored.values.keys())
        return None

    return retry_conflicts(attempt, "Other sensors are being stored; try again.", tries=MERGE_TRIES)


def load_sensor_logs(
    device: Device, first_ms: int, last_ms: int, limit: int, cursor: str | None, now_ms: int
) -> tuple[list[SensorLog], str | None]:
    """A page of sensor logs between two times, oldest first, and the cursor to go on."""
    oldest_ms = max(first_ms, device.retention.oldest_ms(now_ms))
    if last_ms < oldest_ms:
        return [], None
    found: list[SensorLog] = []
    size = 0
    while len(found) < limit and size < MOST_PAGE_BYTES:
        most = min(limit - len(found), MOST_LOGS_A_LOAD)
        more, cursor = load_sensor_page(device.device_uid, oldest_ms, last_ms, most, cursor)
        found += more
        size += sum(_bytes(log) for log in more)
        if cursor is None:
            break
    return found, cursor


def _bytes(log: SensorLog) -> int:
    return sum(len(name.encode()) + SENSOR_BYTES for name in log.values)


@dataclass(slots=True)
class _Logs:
    """The logs of a device between two times, oldest first, loaded when they are asked for; counts them."""

    device_uid: str
    first_ms: int
    last_ms: int
    count: int = 0

    def __iter__(self) -> Iterator[SensorLog]:
        for log in paginate(self._page):
            self.count += 1
            yield log

    def _page(self, cursor: Cursor) -> tuple[list[SensorLog], Cursor]:
        return load_sensor_page(self.device_uid, self.first_ms, self.last_ms, MOST_LOGS_A_LOAD, cursor)


def load_sensor_summaries(
    device: Device, resolution: UsageResolution, timezone: str, first_ms: int, last_ms: int, limit: int, now_ms: int
) -> SummaryPage:
    """At most `limit` stretches of a device's custom sensors between two times; hours and days are the zone's.

    The first and the last one count what lies between the times.
    """
    first_ms = max(first_ms, device.retention.oldest_ms(now_ms))
    if last_ms < first_ms:
        return SummaryPage([], None)
    read = _Logs(device.device_uid, first_ms, last_ms)
    found: list[Summaries] = []
    figures = 0
    for summary in summarised(read, lambda at_ms: spans_of(resolution, at_ms, at_ms + 1, timezone)[0]):
        found.append(summary)
        figures += 3 * len(summary.sensors)
        if len(found) == limit or figures > MOST_FIGURES or read.count > MOST_LOGS:
            return SummaryPage(found, summary.span.end_ms if summary.span.end_ms <= last_ms else None)
    return SummaryPage(found, None)


def update_newest_sensors(log: SensorLog) -> list[SensorsChanged]:
    """Keep the newest values of a device's custom sensors with the device; older ones only stay in the history.

    A log that grew comes again: its records may come in any order, and each adds the missing values.

    Returns:
        What has changed: one event or none.
    """
    device = load_device(log.device_id)
    if device is None or device.device_uid != log.device_uid:
        return []
    is_same_time = device.sensors is not None and device.sensors_at_ms == log.at_ms
    values = merged_sensors(device.sensors or {}, log.values) if is_same_time else log.values
    if is_same_time and values == device.sensors:
        return []
    return [SensorsChanged(replace(log, values=values))] if save_latest_sensors(device, values, log.at_ms) else []
