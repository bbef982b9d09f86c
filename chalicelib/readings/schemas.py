"""Readings: one, or a batch."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import END, Amps, CountedWattHours, EpochMs, Iso, Part, Request, Timestamp, Volts, Watts
from chalicelib.core.times import iso
from chalicelib.detection.model import Status
from chalicelib.detection.reply_schemas import DeviceReply, PortId
from chalicelib.detection.status_by_watts import ReadingStatus
from chalicelib.readings.model import MAX_HELD_MS, PortReading
from chalicelib.readings.service import Refused, Result

MAX_BATCH_READINGS = 500
HeldMs = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=MAX_HELD_MS,
        description="for how many milliseconds up to its time the reading held; power is the mean over them",
    ),
]


class Reading(Request, frozen=True):
    """One reading; over MQTT the sign-in has said which device it is from.

    Voltage and current are null where the meter does not measure them.
    """

    port_id: PortId
    voltage: Volts | None
    current: Amps | None
    power: Watts
    timestamp: Timestamp | None = None
    energy: CountedWattHours | None = None
    held_ms: HeldMs = 0


class OneReading(Reading, frozen=True, kw_only=True):
    """Over HTTP the device may show its key in the body."""

    device_token: Annotated[str, msgspec.Meta(min_length=1, max_length=512)] | None = None


class StoredReading(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The reading that is stored; heldMs is left out where it is 0."""

    id: str
    voltage: float | None
    current: float | None
    power: float
    timestamp: Iso
    held_ms: int = 0


class OneReadingData(Part, frozen=True, kw_only=True):
    reading: StoredReading
    phantom_detected: bool
    port_status: Status


class OneReadingAnswer(DeviceReply, frozen=True, kw_only=True):
    message: str
    data: OneReadingData


class BatchReading(Request, frozen=True):
    """Voltage and current are null where the meter does not measure them."""

    port_id: PortId
    timestamp_ms: EpochMs
    voltage: Volts | None
    current: Amps | None
    power: Watts
    energy: CountedWattHours | None = None
    held_ms: HeldMs = 0


class Batch(Request, frozen=True):
    """The envelope; each reading is decoded by itself, so that a bad one refuses only itself."""

    batch_id: Annotated[str, msgspec.Meta(pattern=rf"^[A-Za-z0-9._:-]{{1,64}}{END}")]
    sent_at_ms: EpochMs
    readings: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_BATCH_READINGS)]


class ReadingResult(Part, frozen=True, kw_only=True, omit_defaults=True):
    index: int
    status: Literal["stored", "duplicate", "rejected"]
    code: str | None = None
    field: str | None = None


class BatchAnswer(DeviceReply, frozen=True, kw_only=True):
    results: list[ReadingResult]
    rebased_by_ms: int | msgspec.UnsetType = msgspec.UNSET


def one_reading_data(reading: PortReading, judged: ReadingStatus) -> OneReadingData:
    """Show a stored reading with what it means by itself."""
    stored = StoredReading(
        id=f"{reading.port_id}@{reading.timestamp_ms}",
        voltage=reading.voltage,
        current=reading.current,
        power=reading.power,
        timestamp=iso(reading.timestamp_ms),
        held_ms=reading.held_ms,
    )
    return OneReadingData(reading=stored, phantom_detected=judged.phantom_detected, port_status=judged.status)


def reading_result(index: int, result: Result) -> ReadingResult:
    """Show the result of the reading at an index of a batch."""
    if isinstance(result, Refused):
        return ReadingResult(index=index, status="rejected", code=result.code, field=result.field)
    return ReadingResult(index=index, status=result)
