"""The pace that devices are told: slow and cheap, quick while somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.services.push import live
from chalicelib.settings import settings
from tests.conftest import Person, now_ms


@pytest.fixture
def _usual_pace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on AWS, where requests cost money."""
    monkeypatch.setenv("UPLOAD_SECONDS", "60")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("_usual_pace")
def test_a_device_sends_quickly_while_its_owner_looks_and_slowly_again_after(person: Person, stranger: Person) -> None:
    device, other = person.device(), stranger.device()

    def interval_seconds() -> int:
        return int(device.call("POST", "/device/heartbeat").body["intervalSeconds"])

    assert interval_seconds() == 60
    ticket = person.call("POST", "/live/ticket", {}).body["url"].partition("ticket=")[2]
    live.connect("connection-of-a-person", ticket, now_ms())
    assert interval_seconds() == 2
    assert device.send([]).body["intervalSeconds"] == 2
    assert other.call("POST", "/device/heartbeat").body["intervalSeconds"] == 60
    live.disconnect("connection-of-a-person")
    assert interval_seconds() == 60
