"""Readings that are sent together."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BATCH_READINGS = 500
MAX_BATCH_SPAN_MS = 24 * 3600 * 1000
"""Both are the contract's. 500 readings are at most 115 KB, well under its 256 KB."""


@dataclass(frozen=True, slots=True)
class SpooledReading:
    """A reading of a batch; `row_id` is its place in the spool."""

    row_id: int
    port_id: str
    timestamp_ms: int
    voltage: float
    current: float
    power: float

    def to_json(self) -> dict[str, object]:
        """The reading as the contract has it."""
        return {
            "portId": self.port_id,
            "timestampMs": self.timestamp_ms,
            "voltage": self.voltage,
            "current": self.current,
            "power": self.power,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings that are sent together, always under the same id, until the cloud has answered."""

    batch_id: str
    readings: tuple[SpooledReading, ...]
