"""MQTT: what a device publishes goes the same way as over HTTP; its answer is published on its commands topic."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.core import clock, rate_limits, telemetry
from chalicelib.core.decoding import decode
from chalicelib.core.errors import GhostwattError, Unauthenticated, Unavailable
from chalicelib.core.schemas import Answer
from chalicelib.detection.reply_schemas import Heartbeat
from chalicelib.devices.model import Device
from chalicelib.devices.mqtt_authorization import Grant, authenticate_publisher, authorize_sign_in
from chalicelib.readings import device_handlers
from chalicelib.readings.mqtt_schemas import (
    ABSENT,
    Envelope,
    MqttBatchAnswer,
    MqttFailure,
    MqttHeartbeatAnswer,
    Published,
    SignIn,
)
from chalicelib.readings.schemas import Batch, Reading
from chalicelib.readings.sensor_schemas import RecordSensors
from chalicelib.realtime import device_channel

blueprint = Blueprint(__name__)
LOG = logging.getLogger("ghostwatt.mqtt")
REFRESH_SECONDS = 300
"""How often the broker asks again whether a device may stay: the least that AWS IoT allows."""
SESSION_SECONDS = 86_400
"""When a device has to sign in anew: the most that AWS IoT allows."""


@blueprint.lambda_function(name="mqtt_data")
def mqtt_data(event: dict[str, Any], context: object) -> None:
    """Record what a device published.

    What is wrong with a message is told to the device, and the message is done with; what only failed now raises,
    so that the message comes again.
    """
    with telemetry.invocation(telemetry.request_id(context)):
        published = msgspec.convert(event, Published)
        telemetry.bind(device=telemetry.hashed(published.device_id))
        now_ms = clock.now_ms()
        device = _sender(published, now_ms)
        if device is not None:
            device_channel.publish_to_device(device.device_id, _answer(device, published, now_ms))


def _sender(published: Published, now_ms: int) -> Device | None:
    """Who published. One who may no longer sign in is hung up on; the topic may be somebody else's by now."""
    try:
        return authenticate_publisher(published.device_id, published.principal, now_ms)
    except Unauthenticated:
        LOG.warning("a message was refused: its sender's key has ended")
        device_channel.abort_mqtt_connections([published.client_id])
        return None


def _answer(device: Device, published: Published, now_ms: int) -> Answer:
    try:
        rate_limits.take(rate_limits.of_device(device.device_id), now_ms)
        return _record(device, published, now_ms)
    except Unavailable:
        raise
    except GhostwattError as error:
        LOG.info("a message was refused: %s", error.code)
        return _failure(error, published.payload)


def _record(device: Device, published: Published, now_ms: int) -> Answer:
    payload = published.payload
    envelope = decode(payload, Envelope)
    if envelope.relays == ABSENT:  # clocks are compared at the moment of receipt: a message may have waited since
        now_ms = min(published.received_at_ms, now_ms)
    if envelope.readings != ABSENT:
        batch = decode(payload, Batch)
        answer = device_handlers.handle_batch(device, batch, now_ms)
        return MqttBatchAnswer(batch_id=batch.batch_id, **msgspec.structs.asdict(answer))
    if envelope.port_id != ABSENT:
        return device_handlers.handle_reading(device, decode(payload, Reading), now_ms)
    if envelope.relays != ABSENT:
        beat = decode(payload, Heartbeat)
        reply = device_handlers.handle_heartbeat(device, beat, now_ms)
        sent_at_ms = msgspec.UNSET if beat.sent_at_ms is None else beat.sent_at_ms
        return MqttHeartbeatAnswer(sent_at_ms=sent_at_ms, **msgspec.structs.asdict(reply))
    sensors = payload if envelope.sensors != ABSENT else _as_sensors(payload)
    return device_handlers.handle_sensors(device, decode(sensors, RecordSensors), now_ms)


def _as_sensors(payload: bytes) -> bytes:
    """A bare map of numbers in the form that sensors have over HTTP; a timestamp among them is theirs."""
    values = decode(payload, dict[str, msgspec.Raw])
    timestamp = values.pop("timestamp", msgspec.Raw(b"null"))
    return msgspec.json.encode({"sensors": values, "timestamp": timestamp})


def _failure(error: GhostwattError, payload: bytes) -> MqttFailure:
    return MqttFailure(
        error=error.message,
        code=error.code,
        field=error.field,
        batch_id=_batch_id(payload),
        retry_after_seconds=error.retry_after_seconds,
    )


def _batch_id(payload: bytes) -> str | None:
    try:
        batch_id = decode(payload, Envelope).batch_id
    except GhostwattError:
        return None
    return batch_id if isinstance(batch_id, str) else None


@blueprint.lambda_function(name="mqtt_authorize")
def mqtt_authorize(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Whether a device may sign in to the broker, and the policy it lives under: its own two topics, nothing else."""
    try:
        sign_in = msgspec.convert(event.get("protocolData", {}).get("mqtt", {}), SignIn)
        user_name = sign_in.username.partition("?")[0]  # behind it AWS lets a client name an authorizer
        now_ms = clock.now_ms()
        grant = authorize_sign_in(user_name, sign_in.password.decode(), sign_in.client_id, now_ms)
    except (Unauthenticated, msgspec.ValidationError, UnicodeDecodeError):
        return {"isAuthenticated": False}
    return {
        "isAuthenticated": True,
        "principalId": grant.principal,
        "disconnectAfterInSeconds": grant.seconds(SESSION_SECONDS, now_ms),
        "refreshAfterInSeconds": grant.seconds(REFRESH_SECONDS, now_ms),
        "policyDocuments": [_policy(grant, sign_in.client_id, _arn_prefix(context))],
    }


def _arn_prefix(context: Any) -> str:
    """Of IoT resources in the region and account in which this function runs."""
    _, partition, _, region, account, *_ = context.invoked_function_arn.split(":")
    return f"arn:{partition}:iot:{region}:{account}:"


def _policy(grant: Grant, client_id: str, prefix: str) -> dict[str, Any]:
    allowed = [
        ("iot:Connect", f"client/{client_id}"),
        ("iot:Publish", f"topic/{grant.publishes_to}"),
        ("iot:Subscribe", f"topicfilter/{grant.listens_to}"),
        ("iot:Receive", f"topic/{grant.listens_to}"),
    ]
    statements = [{"Effect": "Allow", "Action": action, "Resource": prefix + thing} for action, thing in allowed]
    return {"Version": "2012-10-17", "Statement": statements}
