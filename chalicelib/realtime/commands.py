"""Sending to devices that listen by MQTT: what the answer to their next call would say, at once.

It is a courtesy, as a push to a page is: a device that misses it learns the same from its next call.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws, clock, views
from chalicelib.core.schemas import Answer
from chalicelib.core.settings import settings
from chalicelib.detection.device_reply import DeviceReply
from chalicelib.devices import store as devices
from chalicelib.devices.pace import pace_of
from chalicelib.ports import store as ports
from chalicelib.ports.model import Port

MAX_CLIENT_ID_CHARACTERS = 128
LOG = logging.getLogger("ghostwatt.commands")


def topic(device_id: str) -> str:
    """Where a device listens."""
    return f"iot/devices/{device_id}/commands"


def send(device_id: str, answer: Answer) -> None:
    """Publish an answer to a device."""
    if not settings().iot_endpoint:
        return
    try:
        _client().publish(topic=topic(device_id), qos=1, payload=msgspec.json.encode(answer))
    except ClientError as error:
        LOG.warning("a command could not be published: %s", error.response["Error"]["Code"])
    except BotoCoreError as error:
        LOG.warning("a command could not be published: %s", type(error).__name__)


def send_relays(changed: Port) -> None:
    """Tell a device the outlets it has and the relay states that are wanted, since one of them changed.

    A device that changed hands, or that no key opens any more, is told nothing.
    """
    if not settings().iot_endpoint:
        return
    now_ms = clock.now_ms()
    device = devices.load(changed.device_id)
    if device is None or device.device_uid != changed.device_uid or not device.keys.any_alive(now_ms):
        return
    known = ports.of_device(changed.device_uid)
    pace = pace_of(device, len(known), now_ms)
    reply = DeviceReply(now_ms, pace.upload_seconds, pace.heartbeat_seconds, known)
    send(changed.device_id, views.device_reply(reply))


def hang_up(client_ids: Iterable[str]) -> bool:
    """End MQTT connections at once, with their sessions and without their last wills; whether all are ended."""
    if not settings().iot_endpoint:
        return True
    ended = [_hang_up(client_id) for client_id in client_ids if is_client_id(client_id)]
    return all(ended)


def is_client_id(client_id: str) -> bool:
    """Whether AWS IoT lets a client connect under this name of its own."""
    return 0 < len(client_id) <= MAX_CLIENT_ID_CHARACTERS and not client_id.startswith("$")


def _hang_up(client_id: str) -> bool:
    try:
        _client().delete_connection(clientId=client_id, cleanSession=True, preventWillMessage=True)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code != "ResourceNotFoundException":  # it is not connected
            LOG.warning("a connection could not be ended: %s", code)
            return False
    except BotoCoreError as error:
        LOG.warning("a connection could not be ended: %s", type(error).__name__)
        return False
    return True


def _client() -> Any:
    """The data plane of AWS IoT Core, tried once and not for long: the device's next call brings the same."""
    return aws.client("iot-data", endpoint_url=settings().iot_endpoint, read_seconds=2, attempts=1)
