"""Delivery is fair: receivers that hang hold up nobody else's mail or webhook, and nobody is flooded with mail."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chalicelib.accounts.store import load_account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.dynamo import Transaction
from chalicelib.core.settings import settings
from chalicelib.core.times import HOUR_MS, MINUTE_MS
from chalicelib.core.token_bucket import RateLimits
from chalicelib.notifications import delivery, webhooks
from chalicelib.notifications import store as notifications
from chalicelib.notifications.model import Notification, time_ordered_id
from tests.conftest import Call, Person, eventually, new_person, now_ms
from tests.integration.conftest import confirm_address

SETTINGS = "/notification/settings"
HANGING = 15
Mails = Callable[[str], list[Any]]


@pytest.fixture(autouse=True)
def place(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MAIL_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MAIL_FROM", "ghostwatt@example.org")
    monkeypatch.setenv("WEBHOOK_ALLOW_PRIVATE", "yes")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def mails(tmp_path: Path) -> Mails:
    """The mails to an address."""

    def sent(address: str) -> list[Any]:
        parsed = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in tmp_path.glob("*.eml")
        ]
        return [mail for mail in parsed if mail["To"] == address]

    return sent


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Callable[[], int]]]:
    """A server that takes connections and never answers: its URL, and how many wait there. `never.example` never
    resolves; no other name does either. All of them end with the test."""
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connections.append(listening.accept()[0])
            except OSError:
                return

    really = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return really(host, *rest, **named)
        if host == "never.example":
            over.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    thread = threading.Thread(target=accept)
    thread.start()
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/", lambda: len(connections)
    over.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()
    for connection in connections:
        connection.close()


def tell(person: Person, message: str, at_ms: int) -> None:
    """Something happened that the person wants to know."""
    account = load_account(person.email)
    assert account is not None
    write = Transaction()
    name = time_ordered_id(at_ms, f"{account.user_id}-{message}")
    notifications.put_notification(write, Notification(name, account.user_id, "cut", message, at_ms), deliver=True)
    assert write.commit()


def test_receivers_and_name_servers_that_hang_hold_up_nobodys_mail_or_webhook(
    call: Call, mails: Mails, hanging: tuple[str, Callable[[], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, waiting = hanging
    monkeypatch.setattr(webhooks, "check_webhook_url", lambda _url: None)
    at_ms = now_ms()
    for number in range(HANGING):
        attacker = new_person(call)
        hook = url if number % 2 else "http://never.example/"
        assert attacker.call("PUT", SETTINGS, {"webhook": {"url": hook}}).status == 200
        for message in range(2):
            tell(attacker, f"attack {message}", at_ms - 1_000)
    victim = new_person(call)
    got: list[bytes] = []
    with ExitStack() as ending, socket.create_server(("127.0.0.1", 0)) as receiver:

        def receive() -> None:
            connection, _ = receiver.accept()
            with connection:
                got.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        receiving = threading.Thread(target=receive)
        receiving.start()
        mine = f"http://127.0.0.1:{receiver.getsockname()[1]}/mine"
        confirm_address(victim)
        assert victim.call("PUT", SETTINGS, {"email": True, "webhook": {"url": mine}}).status == 200
        tell(victim, "Phantom energy detected on Television", at_ms)
        running = threading.Thread(target=delivery.deliver_due, args=(Deadline(600), at_ms + 1))
        ending.callback(running.join)
        running.start()
        eventually(lambda: mails(victim.email) and got, "the victim is told while the others hang")
        assert running.is_alive()
        assert waiting() <= HANGING // 2 + 1
        receiving.join()


def test_whose_webhook_failed_the_last_time_comes_last(
    call: Call, hanging: tuple[str, Callable[[], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(webhooks, "check_webhook_url", lambda _url: None)
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "WEBHOOKS_AT_ONCE", 1)
    failing, well = new_person(call), new_person(call)
    failing.call("PUT", SETTINGS, {"webhook": {"url": hanging[0]}})
    well.call("PUT", SETTINGS, {"webhook": {"url": "http://127.0.0.1:9/well"}})
    at_ms = now_ms()
    tell(failing, "first", at_ms)
    delivery.deliver_due(Deadline(600), at_ms)
    monkeypatch.setattr(webhooks, "post_webhook", lambda webhook, *_: order.append(webhook.url))
    tell(well, "second", at_ms + 2 * MINUTE_MS)
    delivery.deliver_due(Deadline(600), at_ms + 2 * MINUTE_MS)
    assert [url for url in order if url in (hanging[0], "http://127.0.0.1:9/well")] == [
        "http://127.0.0.1:9/well",
        hanging[0],
    ]


def test_a_person_gets_at_most_six_mails_an_hour_and_still_hears_of_everything(person: Person, mails: Mails) -> None:
    confirm_address(person)
    assert person.call("PUT", SETTINGS, {"email": True}).status == 200
    at_ms, said = now_ms(), []
    for minute in range(0, 60, 5):
        for number in range(2 if minute else 12):
            said.append(f"Outlet {number} at minute {minute}")
            tell(person, said[-1], at_ms + minute * MINUTE_MS)
        delivery.deliver_due(Deadline(600), at_ms + minute * MINUTE_MS)
        delivery.deliver_due(Deadline(600), at_ms + minute * MINUTE_MS + 1)
    assert 2 <= len(mails(person.email)) <= 6
    delivery.deliver_due(Deadline(600), at_ms + 2 * HOUR_MS)
    text = "".join(mail.get_content() for mail in mails(person.email))
    assert [message for message in said if text.count(f"{message}.") != 1] == []


def test_a_few_notifications_are_a_mail_each(person: Person, mails: Mails) -> None:
    confirm_address(person)
    assert person.call("PUT", SETTINGS, {"email": True}).status == 200
    at_ms = now_ms()
    for message in ("one", "two"):
        tell(person, message, at_ms)
    delivery.deliver_due(Deadline(600), at_ms)
    assert sorted(mail.get_content().partition(".")[0] for mail in mails(person.email)) == ["one", "two"]


def test_test_mails_count_as_mails(person: Person) -> None:
    confirm_address(person)
    assert person.call("PUT", SETTINGS, {"email": True}).status == 200
    burst = int(RateLimits().mails.burst)
    answers = [person.call("POST", "/notification/test") for _ in range(burst + 1)]
    assert [answer.status for answer in answers] == [200] * burst + [429]
    assert answers[-1].body["code"] == "too_many_requests"
