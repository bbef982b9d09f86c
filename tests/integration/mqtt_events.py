"""What AWS IoT hands on: a device's message with who published it, and what the authorizer answers to a sign-in."""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib.entrypoints.mqtt import mqtt_authorize, mqtt_data
from infra.local.emulator.lambda_context import LambdaContext
from tests.conftest import Device, now_ms


def publish_as(principal: str | None, device: Device, message: Any, client_id: str = "") -> None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    event = {"deviceId": device.device_id, "payload": base64.b64encode(payload).decode(), "receivedAtMs": now_ms()}
    sender = {} if principal is None else {"principal": principal, "clientId": client_id or device.device_id}
    mqtt_data(event | sender, LambdaContext("mqtt_data"))


def principal_of(device: Device) -> str:
    """What the authorizer calls it."""
    answer = authorize(device.device_id, device.api_key, device.device_id)
    assert answer["isAuthenticated"]
    return str(answer["principalId"])


def authorize(user_name: str, password: str, client_id: str = "any") -> dict[str, Any]:
    said = {"username": user_name, "password": base64.b64encode(password.encode()).decode(), "clientId": client_id}
    answer: dict[str, Any] = mqtt_authorize({"protocolData": {"mqtt": said}}, LambdaContext("mqtt_authorize"))
    return answer
