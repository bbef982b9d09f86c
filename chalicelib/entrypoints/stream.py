"""The stream of stored readings: decode, detect device by device, run the subscribers; name the records that failed.

No device waits for another's flood: the device with the fewest readings comes first, of a device's sensor logs only the
newest counts, and the subscribers run once the verdicts of all devices are stored. Only failed records come again.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.core import clock, telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.errors import Unavailable
from chalicelib.core.event_bus import Event
from chalicelib.detection.domain_events import HoursTouched
from chalicelib.detection.service import Detection, detect
from chalicelib.energy.roll_up import roll_up
from chalicelib.entrypoints.subscribers import SUBSCRIBERS, Subscriber
from chalicelib.readings.model import Chunk, SensorLog
from chalicelib.readings.sensor_service import update_newest_sensors
from chalicelib.readings.store import parse_stream_image

blueprint = Blueprint(__name__)
LOG = logging.getLogger("ghostwatt.stream")
STREAM_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/readings/stream/replaced-by-the-template"
"""Chalice wants one at packaging; the merged template puts the true one in its place."""


def roll_up_hours(events: Sequence[Event], deadline: Deadline) -> None:
    """Compute the usage of the hours that are due, until the deadline; the schedule computes what is left."""
    for event in events:
        if isinstance(event, HoursTouched):
            roll_up(event.ports, event.state, deadline, event.at_ms)


STREAM_SUBSCRIBERS = (*SUBSCRIBERS, Subscriber("computing usage", roll_up_hours, seconds=1.0))
"""The next batch of records waits for them."""


def process_chunks(chunks: Sequence[Chunk], now_ms: int) -> None:
    """Detect, and run the subscribers, for chunks of one device that come from elsewhere than the stream.

    Raises:
        Unavailable: The state cannot be written now.
        Exception: An outlet or a subscriber failed; everything else is done.
    """
    detection = detect(chunks, now_ms)
    with detection.errors as errors:
        for subscriber in STREAM_SUBSCRIBERS:
            with errors.collect(subscriber.name):
                subscriber.handle(detection.events, Deadline(subscriber.seconds))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stream record that stored something."""

    sequence_number: str
    item: Chunk | SensorLog


class PartialBatch(dict[str, list[dict[str, str]]]):
    """The partial batch response that Lambda understands.

    Attributes:
        unavailable: Which of the records failed only because a part of ours was down; for a caller in the same process.
    """

    def __init__(self, failed: _Failed) -> None:
        super().__init__(batchItemFailures=[{"itemIdentifier": number} for number in failed.numbers])
        self.unavailable = frozenset(failed.unavailable)


@dataclass(slots=True)
class _Failed:
    """The sequence numbers of the records that failed, and of those among them that waiting alone will help."""

    numbers: list[str] = field(default_factory=list)
    unavailable: set[str] = field(default_factory=set)


@blueprint.on_dynamodb_record(stream_arn=STREAM_ARN, batch_size=100, name="examine")
def examine(event: DynamoDBEvent) -> PartialBatch:
    """Examine stored readings; answers the records that failed."""
    with telemetry.invocation(telemetry.request_id(event.context)):
        return PartialBatch(_examine(event.to_dict()["Records"]))


def _examine(records: Sequence[Mapping[str, Any]]) -> _Failed:
    failed = _Failed()
    by_device: dict[str, list[_Stored]] = {}
    for record in records:
        if record["eventName"] == "INSERT" or _is_sensors_changed(record):
            _collect(record, by_device, failed)
    detections: list[tuple[list[_Stored], Detection]] = []
    for stored in sorted(by_device.values(), key=_readings):
        with _naming(stored, failed):
            detections.append((stored, _detect(stored)))
    for subscriber in STREAM_SUBSCRIBERS:
        deadline = Deadline(subscriber.seconds)
        for stored, detection in detections:
            with _naming(stored, failed):
                subscriber.handle(detection.events, deadline)
    for stored, detection in detections:
        with _naming(stored, failed):
            detection.errors.raise_first()
    return failed


def _is_sensors_changed(record: Mapping[str, Any]) -> bool:
    """Whether sensors were added to a log: readings never change."""
    return record["eventName"] == "MODIFY" and "sensors" in record["dynamodb"].get("NewImage", {})


def _collect(record: Mapping[str, Any], by_device: dict[str, list[_Stored]], failed: _Failed) -> None:
    number = record["dynamodb"]["SequenceNumber"]
    try:
        item = parse_stream_image(_with_bytes(record["dynamodb"]["NewImage"]))
    except Exception:  # a poison record of whatever kind fails alone: it is named, tried again and then set aside
        LOG.exception("record %s cannot be read", number)
        failed.numbers.append(number)
    else:
        by_device.setdefault(item.device_uid, []).append(_Stored(number, item))


def _with_bytes(image: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Lambda gives binary values as base64 text; PynamoDB wants their bytes."""
    return {
        name: {kind: base64.b64decode(value) if kind == "B" else value for kind, value in attribute.items()}
        for name, attribute in image.items()
    }


def _measure(chunks: Sequence[Chunk], now_ms: int) -> None:
    lag_ms = now_ms - min(chunk.stored_at_ms for chunk in chunks)
    device = telemetry.hashed(chunks[0].device_id)
    telemetry.measure(
        {"DetectionLag": lag_ms}, "Milliseconds", device=device, chunks=[chunk.chunk_id for chunk in chunks]
    )


def _readings(stored: Sequence[_Stored]) -> int:
    """How many readings a device has stored: how long examining it takes."""
    chunks = (entry.item for entry in stored if isinstance(entry.item, Chunk))
    return sum(len(columns.times_ms) for chunk in chunks for columns in chunk.ports.values())


def _detect(stored: Sequence[_Stored]) -> Detection:
    """Take one device's records. Sensor logs only replace each other in what is shown: the newest will do."""
    now_ms = clock.now_ms()
    detection = Detection()
    if chunks := [entry.item for entry in stored if isinstance(entry.item, Chunk)]:
        detection = detect(chunks, now_ms)
        _measure(chunks, now_ms)
    if logs := [entry.item for entry in stored if isinstance(entry.item, SensorLog)]:
        with detection.errors.collect("updating the newest sensors"):  # the events of the readings still count
            sensor_events = update_newest_sensors(max(logs, key=lambda log: (log.at_ms, len(log.values))))
            detection = replace(detection, events=[*detection.events, *sensor_events])
    return detection


@contextmanager
def _naming(stored: Sequence[_Stored], failed: _Failed) -> Iterator[None]:
    """One device's trouble must not hold up the others: its records are named, and come again."""
    numbers = [entry.sequence_number for entry in stored]
    try:
        yield
    except Unavailable as error:
        LOG.warning("a device's records wait: %s", error)
        failed.numbers += numbers
        failed.unavailable.update(numbers)
    except Exception:
        LOG.exception("a device's records cannot be examined")
        failed.numbers += numbers
