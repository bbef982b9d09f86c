"""Dashboards that do not answer: they hold up neither the next cut nor other pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.accounts.store import load_account
from chalicelib.core import deadlines
from chalicelib.core.settings import settings
from chalicelib.realtime import connections, device_channel, store
from tests.conftest import Person, now_ms, reading
from tests.integration.stream import Deliver

CUT: dict[str, Any] = {"policy": "cut", "thresholdWatts": 10, "dwellSeconds": 0}
READ_TIMEOUT_SECONDS = 1


@dataclass
class Pages:
    """The management API of the WebSocket, on a clock of its own: connections that hang take their time-out."""

    hanging: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - as botocore has it
        self.calls.append((ConnectionId, json.loads(Data)["type"]))
        if ConnectionId in self.hanging:
            self.seconds += READ_TIMEOUT_SECONDS
            raise ReadTimeoutError(endpoint_url="http://pages")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """The pages of everybody."""
    fake = Pages()
    monkeypatch.setattr(connections, "settings", lambda: replace(settings(), live_endpoint="http://pages"))
    monkeypatch.setattr(connections, "_client", lambda: fake)
    for module in (deadlines, connections):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: fake.seconds))
    yield fake
    connections._retry_at.clear()  # noqa: SLF001


def open_pages(person: Person, *connection_ids: str) -> None:
    """Open pages of a person; the first is the newest."""
    account = load_account(person.email)
    assert account is not None
    now = now_ms() // 1_000
    for age, connection_id in enumerate(connection_ids):
        store.save_connection(connection_id, store.Dashboard(account.user_id, "s", now + 60, opened_at=now - age))


def test_every_cut_is_commanded_before_the_first_page_is_called(
    person: Person, stranger: Person, deliver: Deliver, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    devices = [person.device(), stranger.device()]
    names = {device.device_id: f"device {number}" for number, device in enumerate(devices)}
    ports = [owner.port(device, **CUT) for owner, device in zip((person, stranger), devices, strict=True)]
    open_pages(person, "hung")
    open_pages(stranger, "another")
    pages.hanging = {"hung"}
    monkeypatch.setattr(device_channel, "settings", lambda: replace(settings(), iot_endpoint="http://broker"))

    def note(device_id: str, _answer: Any) -> None:
        pages.calls.append(("command", names[device_id]))

    monkeypatch.setattr(device_channel, "publish_to_device", note)
    for device, port in zip(devices, ports, strict=True):
        device.send([reading(port["portId"], now_ms(), 3.2)])
    pages.calls.clear()
    deliver()
    commands = [call for call in pages.calls if call[0] == "command"]
    assert sorted(commands) == [("command", "device 0"), ("command", "device 1")]
    assert pages.calls[:2] == commands


def test_a_page_that_hangs_costs_one_time_out_and_is_left_out_for_a_while(
    person: Person, deliver: Deliver, pages: Pages
) -> None:
    deliver()
    device = person.device()
    port = person.port(device, **CUT)
    open_pages(person, "hung", "well")
    device.send([reading(port["portId"], now_ms(), 70.0)])
    pages.hanging = {"hung"}
    waits = {"hung": READ_TIMEOUT_SECONDS, "well": 0}
    for attempts in (["hung", "well"], ["well"], ["well"], ["hung", "well"]):
        device.send([reading(port["portId"], now_ms(), watts) for watts in (80.0, 90.0)])
        pages.calls.clear()
        before = pages.seconds
        deliver()
        assert list(dict.fromkeys(connection_id for connection_id, _ in pages.calls)) == attempts
        assert pages.seconds - before == sum(waits[attempt] for attempt in attempts)
        pages.seconds += connections.RETRY_SECONDS / 3


def test_five_hung_pages_take_no_more_than_the_budget(person: Person, deliver: Deliver, pages: Pages) -> None:
    deliver()
    device = person.device()
    port = person.port(device, **CUT)
    names = [f"hung-{number}" for number in range(5)]
    open_pages(person, *names)
    pages.hanging = set(names)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    pages.calls.clear()
    before = pages.seconds
    deliver()
    assert len(pages.calls) == 2
    assert pages.seconds - before == 2 * READ_TIMEOUT_SECONDS


def test_hung_pages_of_one_person_take_no_push_from_another(
    person: Person, stranger: Person, deliver: Deliver, pages: Pages
) -> None:
    deliver()
    devices = [owner.device() for owner in (person, stranger)]
    ports = [owner.port(device) for owner, device in zip((person, stranger), devices, strict=True)]
    open_pages(person, "hung", "hung too", "hung as well")
    open_pages(stranger, "well")
    pages.hanging = {"hung", "hung too", "hung as well"}
    reached = []
    for watts in (70.0, 80.0, 90.0):
        for device, port in zip(devices, ports, strict=True):
            device.send([reading(port["portId"], now_ms(), watts)])
        pages.calls.clear()
        deliver()
        reached.append(("well", "reading") in pages.calls)
    assert reached[-1]


def test_a_page_that_hung_and_is_gone_is_remembered_no_more(
    person: Person, deliver: Deliver, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    device = person.device()
    port = person.port(device, **CUT)
    open_pages(person, "hung")
    pages.hanging = {"hung"}
    device.send([reading(port["portId"], now_ms(), 70.0)])
    deliver()

    def gone(**_arguments: object) -> None:
        raise ClientError({"Error": {"Code": "GoneException", "Message": ""}}, "PostToConnection")

    monkeypatch.setattr(pages, "post_to_connection", gone)
    device.send([reading(port["portId"], now_ms(), 80.0)])
    pages.seconds += connections.RETRY_SECONDS
    deliver()
    assert connections._retry_at == {}  # noqa: SLF001
