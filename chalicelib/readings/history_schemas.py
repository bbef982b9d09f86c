"""Histories: raw readings, usage, and free sensors, as rows or as columns."""

from __future__ import annotations

from typing import Literal

from chalicelib.core.schemas import Answer, Iso, Part

UsageResolution = Literal["5m", "1h", "1d"]
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
