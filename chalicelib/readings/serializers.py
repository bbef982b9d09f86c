"""What was recorded: raw readings, and what was used in a stretch of time."""

from __future__ import annotations

from chalicelib.core.times import SECOND_MS, iso
from chalicelib.energy.model import Usage, watt_hours
from chalicelib.readings import history_schemas as wire
from chalicelib.readings.model import MeterReading


def point(shown: MeterReading) -> wire.HistoryPoint:
    """A raw reading in a history."""
    return wire.HistoryPoint(
        timestamp=iso(shown.at_ms),
        timestamp_ms=shown.at_ms,
        voltage=shown.voltage,
        current=shown.current,
        power=shown.power,
    )


def usage_point(shown: Usage) -> wire.UsagePoint:
    """What was used in a stretch of time; energy to the microwatt-hour."""
    return wire.UsagePoint(
        timestamp=iso(shown.start_ms),
        timestamp_ms=shown.start_ms,
        seconds=shown.length_ms / SECOND_MS,
        watt_hours=round(watt_hours(shown.microjoules), 6),
        in_use_watt_hours=round(watt_hours(shown.in_use_microjoules), 6),
        standby_watt_hours=round(watt_hours(shown.standby_microjoules), 6),
        min_watts=_watts(shown.min_milliwatts),
        mean_watts=None if shown.mean_watts is None else round(shown.mean_watts, 3),
        max_watts=_watts(shown.max_milliwatts),
        covered_seconds=shown.covered_ms / SECOND_MS,
    )


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1_000
