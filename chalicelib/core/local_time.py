"""The wall clock of a time zone: what it shows at a time, and when its days begin."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from chalicelib.core.times import SECOND_MS


def local(at_ms: int, zone: ZoneInfo) -> datetime:
    """The wall clock at a time, to the second."""
    return datetime.fromtimestamp(at_ms // SECOND_MS, zone)


def start_ms(day: date, zone: ZoneInfo, hour: int = 0) -> int:
    """When a local day begins, or an hour of it; where clocks skip that moment, the one after."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()) * SECOND_MS
