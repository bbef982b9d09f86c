"""Looking up names: a look-up that never comes back costs its time, and no other look-up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from chalicelib.core.errors import Undeliverable
from chalicelib.notifications import webhook_addresses, webhooks
from chalicelib.notifications.preferences import Webhook
from chalicelib.notifications.webhook_addresses import Resolve
from tests.unit.notifications.test_webhooks import NEWS, NOW, SECRET


@pytest.fixture
def never() -> Iterator[Resolve]:
    """A name server that does not answer before the end of the test."""
    over = threading.Event()

    def resolver(_host: str, _port: int) -> list[str]:
        over.wait(60)
        return ["8.8.8.8"]

    yield resolver
    over.set()


def test_a_name_that_never_resolves_is_given_up_in_time(never: Resolve) -> None:
    with pytest.raises(Undeliverable, match="in time"):
        webhook_addresses.look_up("never.example", 443, never, 0.05)


def test_the_deadline_of_a_post_includes_the_look_up(never: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(Undeliverable, match="in time"):
        webhooks.post_webhook(Webhook("https://never.example/", SECRET), NEWS, NOW, never)


def test_look_ups_that_hang_are_bounded_and_make_room_when_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_addresses, "_free", threading.BoundedSemaphore(2))
    over = threading.Event()

    def hanging(_host: str, _port: int) -> list[str]:
        over.wait(60)
        return []

    for _ in range(2):
        with pytest.raises(Undeliverable, match="in time"):
            webhook_addresses.look_up("never.example", 443, hanging, 0.02)
    with pytest.raises(Undeliverable, match="in time"):
        webhook_addresses.look_up("good.example", 443, lambda *_: ["8.8.8.8"], 0.02)
    over.set()
    assert webhook_addresses.look_up("good.example", 443, lambda *_: ["8.8.8.8"], 20) == ["8.8.8.8"]


def test_a_name_without_an_address_or_that_nobody_knows_is_told() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(Undeliverable, match="not known"):
        webhook_addresses.look_up("a.example", 443, unknown, 20)
    with pytest.raises(Undeliverable, match="no address"):
        webhook_addresses.look_up("a.example", 443, lambda *_: [], 20)
