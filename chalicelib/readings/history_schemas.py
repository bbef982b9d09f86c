"""Histories: raw readings, usage, and free sensors, as rows or as columns."""

from __future__ import annotations

from typing import Literal

from chalicelib.core.local_time import UsageResolution
from chalicelib.core.schemas import Answer, Iso, Part
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.energy.model import Usage, watt_hours
from chalicelib.readings.model import MeterReading

Resolution = Literal["raw", "5m", "1h", "1d"]
Cell = str | int | float | None


class HistoryPoint(Part, frozen=True, kw_only=True):
    timestamp: Iso
    timestamp_ms: int
    voltage: float
    current: float
    power: float


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
