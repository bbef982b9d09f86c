"""Who may do what on the MQTT broker: a device signs in with its id and its key, and has two topics of its own."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.devices import Device
from chalicelib.domain.errors import Unauthenticated
from chalicelib.services.home import devices
from chalicelib.services.push.commands import topic as commands_topic
from chalicelib.storage import devices as store


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signed-in device may do: publish to one topic, listen to another."""

    device_uid: str
    publishes_to: str
    listens_to: str


def sign_in(user_name: str, password: str, client_id: str, now_ms: int) -> Grant:
    """The rights of the device that signs in; user_name is its id, password its key.

    A client id that names another device is refused: a broker ends the older of two connections with one client id,
    so that it would throw the other device out. Raises Unauthenticated.
    """
    device = devices.authenticate(password, now_ms)
    if device.device_id != user_name or _is_another(client_id, device):
        raise Unauthenticated("This device may not sign in so.", code="bad_device_key")
    return Grant(device.device_uid, data_topic(device.device_id), commands_topic(device.device_id))


def _is_another(client_id: str, device: Device) -> bool:
    return client_id not in ("", device.device_id) and store.load(client_id) is not None


def data_topic(device_id: str) -> str:
    """Where a device publishes."""
    return f"iot/devices/{device_id}/data"


def signed_in(device_id: str) -> Device:
    """The device that the broker has signed in. Raises Unauthenticated when it was released meanwhile."""
    device = store.load(device_id)
    if device is None:
        raise Unauthenticated("This device is gone: pair it again.", code="bad_device_key")
    return device
