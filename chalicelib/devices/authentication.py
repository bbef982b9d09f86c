"""Calls of devices: the key in the header, or in the body where the contract allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core import rate_limits, telemetry
from chalicelib.core.authentication import Authentication, Body, Call, credentials_of
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.scopes import Scope
from chalicelib.devices.model import Device
from chalicelib.devices.service import authenticate_device

SCHEMES = {
    "device": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "the word Device, a blank, and the device's key",
    },
}


class DeviceCall(Call[Body]):
    """A call of a device."""

    __slots__ = ()

    @property
    def device(self) -> Device:
        """The device that calls."""
        device: Device = self.caller
        return device


class DeviceAuthentication(Authentication):
    """Authenticates devices by their key in the Authorization header."""

    label = "a device"
    call_type = DeviceCall
    credential_in_body = False
    schemes: Mapping[str, Mapping[str, str]] = SCHEMES

    def security(self, scope: Scope | None) -> Sequence[str]:  # noqa: ARG002 - for API tokens
        """The device's key."""
        return list(self.schemes)

    def credential(self, headers: Mapping[str, str], body: Any) -> str:  # noqa: ARG002 - for derived ones
        """The key of Authorization: Device."""
        return credentials_of(headers, "device")

    def authenticate(
        self,
        credential: str,
        scope: Scope | None,  # noqa: ARG002 - for API tokens
        now_ms: int,
    ) -> tuple[Device, rate_limits.Subject]:
        """The device of a key. Raises Unauthenticated."""
        if not credential:
            raise Unauthenticated("This needs a device key: send Authorization: Device <key>.", code="bad_device_key")
        device = authenticate_device(credential, now_ms)
        telemetry.bind(device=telemetry.hashed(device.device_id))
        return device, rate_limits.of_device(device.device_id)


class DeviceInBodyAuthentication(DeviceAuthentication):
    """Authenticates devices by the field deviceToken of the body, or else as everywhere."""

    credential_in_body = True
    schemes: Mapping[str, Mapping[str, str]] = {}  # the document describes the field of the body

    def credential(self, headers: Mapping[str, str], body: Any) -> str:
        """The key of the body, or that of the header."""
        return getattr(body, "device_token", None) or credentials_of(headers, "device")


DEVICE = DeviceAuthentication()
DEVICE_IN_BODY = DeviceInBodyAuthentication()
