"""Who may do what on the MQTT broker: a device signs in with its id and its key, and has two topics of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.core.dynamo import retry_conflicts_from
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.settings import settings
from chalicelib.devices import model as keys
from chalicelib.devices.model import Device, Principal
from chalicelib.devices.service import authenticate_device, get_device_with_key
from chalicelib.devices.store import load_device, save_mqtt_clients
from chalicelib.realtime.device_channel import commands_topic, is_client_id


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signed-in device may do: publish to one topic, listen to another; and until when, None for ever."""

    principal: str
    expires_at_ms: int | None
    publishes_to: str
    listens_to: str

    def seconds(self, most: int, now_ms: int) -> int:
        """So long, but not past the end of the key, as far as the broker takes so short a time."""
        left = most if self.expires_at_ms is None else -((now_ms - self.expires_at_ms) // 1_000)
        return max(settings().mqtt_least_seconds, min(most, left))


def sign_in(user_name: str, password: str, client_id: str, now_ms: int) -> Grant:
    """The rights of the device that signs in; user_name is its id, password its key.

    A client id that names another device is refused: a broker ends the older of two connections with one client id,
    so that it would throw the other device out. Raises Unauthenticated.
    """
    device = authenticate_device(password, now_ms)
    if device.device_id != user_name or _is_another(client_id, device):
        raise Unauthenticated("This device may not sign in so.", code="bad_device_key")
    _note_client(device, client_id)
    key_sha256 = keys.key_digest(password)
    principal = Principal(device.device_uid, key_sha256)
    ends_at_ms = device.keys.expires_at_ms(key_sha256)
    return Grant(principal.text, ends_at_ms, data_topic(device.device_id), commands_topic(device.device_id))


def _note_client(device: Device, client_id: str) -> None:
    """Remember under which name a device connects, so that the connection can be ended. Raises Unauthenticated."""

    def attempt(latest: Device | None) -> Literal[True] | None:
        if latest is None or latest.device_uid != device.device_uid:
            raise _gone()
        if client_id in latest.mqtt_client_ids or not is_client_id(client_id):
            return True
        client_ids = (*latest.mqtt_clients, client_id)[-keys.MAX_MQTT_CLIENTS :]
        return True if save_mqtt_clients(latest, client_ids) else None

    busy = "This device signs in too often at once."
    retry_conflicts_from(device, attempt, lambda: load_device(device.device_id), busy)


def _is_another(client_id: str, device: Device) -> bool:
    return client_id not in ("", device.device_id) and load_device(client_id) is not None


def data_topic(device_id: str) -> str:
    """Where a device publishes."""
    return f"iot/devices/{device_id}/data"


def signed_in(device_id: str, principal: str, now_ms: int) -> Device:
    """The device whose connection this is.

    Raises Unauthenticated when it was released or its key has ended since it signed in: then it may be another's.
    """
    device_uid, key_sha256 = keys.parse_principal(principal)
    device = get_device_with_key(device_id, key_sha256, now_ms)
    if device.device_uid != device_uid:
        raise _gone()
    return device


def _gone() -> Unauthenticated:
    return Unauthenticated("This device is gone: pair it again.", code="bad_device_key")
