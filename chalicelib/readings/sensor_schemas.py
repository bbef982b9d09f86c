"""What free sensors said, in short."""

from __future__ import annotations

from chalicelib.core.local_time import UsageResolution
from chalicelib.core.schemas import Answer, Iso, Part


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
