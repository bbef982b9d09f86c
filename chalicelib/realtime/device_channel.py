"""A device's MQTT connection: publish to its commands topic, and end it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.schemas import Answer
from chalicelib.core.settings import settings

MAX_CLIENT_ID_CHARACTERS = 128
LOG = logging.getLogger("ghostwatt.commands")


def commands_topic(device_id: str) -> str:
    """Return the topic that a device subscribes to."""
    return f"iot/devices/{device_id}/commands"


def has_broker() -> bool:
    """Whether devices can be reached by MQTT here."""
    return bool(settings().iot_endpoint)


def publish_to_device(device_id: str, answer: Answer) -> None:
    """Publish an answer to a device, best effort: its next call gets the same."""
    if not has_broker():
        return
    try:
        _client().publish(topic=commands_topic(device_id), qos=1, payload=msgspec.json.encode(answer))
    except ClientError as error:
        LOG.warning("a command could not be published: %s", error.response["Error"]["Code"])
    except BotoCoreError as error:
        LOG.warning("a command could not be published: %s", type(error).__name__)


def is_client_id(client_id: str) -> bool:
    """Whether AWS IoT lets a client connect under this client id."""
    return 0 < len(client_id) <= MAX_CLIENT_ID_CHARACTERS and not client_id.startswith("$")


def abort_mqtt_connections(client_ids: Iterable[str]) -> bool:
    """End MQTT connections at once, with their sessions and without their last wills.

    Returns:
        Whether all of them are ended.
    """
    if not has_broker():
        return True
    ended = [_abort(client_id) for client_id in client_ids if is_client_id(client_id)]
    return all(ended)


def _abort(client_id: str) -> bool:
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
    """The data plane of AWS IoT Core, tried once and not for long."""
    return aws.client("iot-data", endpoint_url=settings().iot_endpoint, read_seconds=2, attempts=1)
