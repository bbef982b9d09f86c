"""What free sensors said, as it was and in short: read from the stored logs, as long as those are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.core.pagination import Cursor, every
from chalicelib.devices.model import Device
from chalicelib.energy import local_spans as spans
from chalicelib.energy.local_spans import Span
from chalicelib.energy.slots import SLOT_MS
from chalicelib.readings import store
from chalicelib.readings.history import UsageResolution
from chalicelib.readings.model import SensorLog
from chalicelib.readings.sensors import Summaries, summarised

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


def logs(
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
        more, cursor = store.sensor_page(device.device_uid, oldest_ms, last_ms, most, cursor)
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
        for log in every(self._page):
            self.count += 1
            yield log

    def _page(self, cursor: Cursor) -> tuple[list[SensorLog], Cursor]:
        return store.sensor_page(self.device_uid, self.first_ms, self.last_ms, MOST_LOGS_A_LOAD, cursor)


def summaries(
    device: Device, resolution: UsageResolution, timezone: str, first_ms: int, last_ms: int, limit: int, now_ms: int
) -> SummaryPage:
    """At most `limit` stretches of a device's free sensors between two times; hours and days are the zone's.

    The first and the last one count what lies between the times.
    """
    first_ms = max(first_ms, device.retention.oldest_ms(now_ms))
    if last_ms < first_ms:
        return SummaryPage([], None)
    read = _Logs(device.device_uid, first_ms, last_ms)
    found: list[Summaries] = []
    figures = 0
    for summary in summarised(read, _span_of(resolution, timezone)):
        found.append(summary)
        figures += 3 * len(summary.sensors)
        if len(found) == limit or figures > MOST_FIGURES or read.count > MOST_LOGS:
            return SummaryPage(found, summary.span.end_ms if summary.span.end_ms <= last_ms else None)
    return SummaryPage(found, None)


def _span_of(resolution: UsageResolution, timezone: str) -> Callable[[int], Span]:
    if resolution == "5m":
        return lambda at_ms: spans.steps(at_ms, at_ms + 1, SLOT_MS)[0]
    of_zone = spans.hours if resolution == "1h" else spans.days
    return lambda at_ms: of_zone(at_ms, at_ms + 1, timezone)[0]
