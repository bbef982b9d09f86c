"""Routes of readings: one, or a batch."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.core.http import route
from chalicelib.devices.authentication import DEVICE, DEVICE_IN_BODY, DeviceCall
from chalicelib.readings import device_handlers as messages
from chalicelib.readings import schemas as wire

blueprint = Blueprint(__name__)


@route(
    blueprint,
    "POST",
    "/sensor/reading",
    body=wire.OneReading,
    answers=wire.OneReadingAnswer,
    who=DEVICE_IN_BODY,
)
def record_reading(call: DeviceCall[wire.OneReading]) -> wire.OneReadingAnswer:
    """Record one reading

    Stores one reading. The device shows its key as deviceToken, or in the header as everywhere.
    """
    return messages.reading(call.device, call.body, call.now_ms)


@route(blueprint, "POST", "/sensor/readings", body=wire.Batch, answers=wire.BatchAnswer, who=DEVICE)
def record_readings(call: DeviceCall[wire.Batch]) -> wire.BatchAnswer:
    """Record a batch of readings

    Stores a batch; each reading is accepted or rejected by itself. Sending the batch again changes nothing.
    """
    return messages.readings(call.device, call.body, call.now_ms)
