"""Authorize devices on the MQTT broker: a device signs in with its id and its key, and has two topics of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.core.dynamo import retry_conflicts_from
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.settings import settings
from chalicelib.devices.model import MAX_MQTT_CLIENTS, Device, Principal, key_digest, parse_principal
from chalicelib.devices.service import authenticate_device, get_device_with_key
from chalicelib.devices.store import load_device, save_mqtt_clients
from chalicelib.realtime.device_channel import commands_topic, is_client_id


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a signed-in device: it publishes to one topic and listens to another.

    Attributes:
        principal: The name of the connection.
        expires_at_ms: When the key expires; None for never.
        publishes_to: A topic.
        listens_to: A topic.
    """

    principal: str
    expires_at_ms: int | None
    publishes_to: str
    listens_to: str

    def seconds(self, most: int, now_ms: int) -> int:
        """The life of the grant: at most `most`, not past the key's end, and not less than the broker accepts."""
        left = most if self.expires_at_ms is None else -((now_ms - self.expires_at_ms) // 1_000)
        return max(settings().mqtt_least_seconds, min(most, left))


def authorize_sign_in(user_name: str, password: str, client_id: str, now_ms: int) -> Grant:
    """Check the sign-in of a device.

    A client id that names another device is refused: a broker ends the older of two connections with the same client
    id, so it would disconnect the other device.

    Args:
        user_name: The id of the device.
        password: Its key.
        client_id: As the device chose it; usually its id.
        now_ms: The current time.

    Raises:
        Unauthenticated: The key is wrong, or the client id names another device.
        Busy: The device signs in too often at once.
    """
    device = authenticate_device(password, now_ms)
    if device.device_id != user_name or _is_another(client_id, device):
        raise Unauthenticated("This device may not sign in this way.", code="bad_device_key")
    _store_client_id(device, client_id)
    key_sha256 = key_digest(password)
    principal = Principal(device.device_uid, key_sha256)
    ends_at_ms = device.keys.expires_at_ms(key_sha256)
    return Grant(principal.text, ends_at_ms, data_topic(device.device_id), commands_topic(device.device_id))


def _store_client_id(device: Device, client_id: str) -> None:
    """Store the client id of a device, so that its connection can be ended. Raises Unauthenticated."""

    def attempt(latest: Device | None) -> Literal[True] | None:
        if latest is None or latest.device_uid != device.device_uid:
            raise _gone()
        if client_id in latest.mqtt_client_ids or not is_client_id(client_id):
            return True
        client_ids = (*latest.mqtt_clients, client_id)[-MAX_MQTT_CLIENTS:]
        return True if save_mqtt_clients(latest, client_ids) else None

    busy = "This device signs in too often at once."
    retry_conflicts_from(device, attempt, lambda: load_device(device.device_id), busy)


def _is_another(client_id: str, device: Device) -> bool:
    return client_id not in ("", device.device_id) and load_device(client_id) is not None


def data_topic(device_id: str) -> str:
    """The topic that a device publishes to."""
    return f"iot/devices/{device_id}/data"


def authenticate_publisher(device_id: str, principal: str, now_ms: int) -> Device:
    """The device behind an MQTT connection.

    Args:
        device_id: That of the topic.
        principal: The name of the connection, as authorize_sign_in gave it.
        now_ms: The current time.

    Raises:
        Unauthenticated: The device was released, or its key ended, since it signed in.
    """
    device_uid, key_sha256 = parse_principal(principal)
    device = get_device_with_key(device_id, key_sha256, now_ms)
    if device.device_uid != device_uid:
        raise _gone()
    return device


def _gone() -> Unauthenticated:
    return Unauthenticated("This device is gone: pair it again.", code="bad_device_key")
