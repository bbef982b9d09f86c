"""What comes over MQTT: the kind of a message is told by the fields it has."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from chalicelib.core.schemas import EpochMs, Failure
from chalicelib.detection.reply_schemas import DeviceReply
from chalicelib.readings.schemas import BatchAnswer

ABSENT = msgspec.Raw(b"")


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """Enough of a message to know its kind; the rest is decoded by that kind's own type."""

    readings: msgspec.Raw = ABSENT
    port_id: msgspec.Raw = ABSENT
    sensors: msgspec.Raw = ABSENT
    relays: msgspec.Raw = ABSENT
    batch_id: Any = None


class MqttBatchAnswer(BatchAnswer, frozen=True, kw_only=True):
    """The results of a batch: a device deletes its readings on this answer, not on the broker's acknowledgement."""

    batch_id: str


class MqttHeartbeatAnswer(DeviceReply, frozen=True, kw_only=True):
    """The answer to a heartbeat; what comes without sentAtMs is a push."""

    sent_at_ms: int | msgspec.UnsetType = msgspec.UNSET


class MqttFailure(Failure, frozen=True, kw_only=True, omit_defaults=True):
    """An error, the batch it is about if it is about one, and when to try again if that was said."""

    batch_id: str | None = None
    retry_after_seconds: int | None = None


class Published(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the topic rule hands on: the bytes as they came, base64, the device of the topic, and who published.

    An event from before the rule said who published has no principal, and is nobody's.
    """

    device_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    payload: bytes
    principal: str = ""
    client_id: str = ""
    received_at_ms: EpochMs


class SignIn(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The MQTT part of a custom authorizer's event; the password comes as base64."""

    username: str = ""
    password: bytes = b""
    client_id: str = ""
