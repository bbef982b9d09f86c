"""The pace that devices are told: slow and cheap, quick while somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.settings import settings
from chalicelib.devices.model import Device as StoredDevice
from chalicelib.devices.pace import pace_of
from chalicelib.realtime import device_channel
from chalicelib.realtime.tickets import forget_dashboard, open_dashboard
from tests.conftest import Device, Person, now_ms


@pytest.fixture
def _usual_pace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on AWS, where requests cost money."""
    monkeypatch.setenv("UPLOAD_SECONDS", "60")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def pushed(person: Person, device: Device, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The pace in what a device that listens by MQTT is sent when its first outlet is switched."""
    told: list[Any] = []
    monkeypatch.setattr(device_channel, "publish_to_device", lambda _, answer: told.append(answer))
    monkeypatch.setattr(device_channel, "settings", lambda: replace(settings(), iot_endpoint="http://broker"))
    port = person.port(device)
    person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"})
    return told[-1].interval_seconds, told[-1].heartbeat_seconds


@pytest.mark.usefixtures("_usual_pace")
def test_a_device_sends_quickly_while_its_owner_looks_and_slowly_again_after(
    person: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, other = person.device(), stranger.device()

    def interval_seconds() -> int:
        return int(device.call("POST", "/device/heartbeat").body["intervalSeconds"])

    assert interval_seconds() == 60
    ticket = person.call("POST", "/live/ticket", {}).body["url"].partition("ticket=")[2]
    open_dashboard("connection-of-a-person", ticket, now_ms())
    assert interval_seconds() == 2
    assert device.send([]).body["intervalSeconds"] == 2
    assert pushed(person, device, monkeypatch) == (2, 60), "what is pushed says the same as an answer"
    assert other.call("POST", "/device/heartbeat").body["intervalSeconds"] == 60
    forget_dashboard("connection-of-a-person")
    assert interval_seconds() == 60


@pytest.mark.parametrize(("age_ms", "ports", "seconds"), [(0, 0, 5), (599_999, 0, 5), (600_000, 0, 60), (0, 1, 60)])
def test_a_new_device_without_outlets_is_asked_to_call_often(age_ms: int, ports: int, seconds: int) -> None:
    at_ms = now_ms()
    device = StoredDevice("GW-0123", "uid", "owner", "Pi", created_at_ms=at_ms)
    assert pace_of(device, ports, at_ms + age_ms).heartbeat_seconds == seconds
