"""kill -9 while readings pour in: what was answered 2xx is there, and what follows from it happened once."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import eventually, now_ms, reading

PORTS = 4
BATCHES = 240
STEP_MS = 1_000
IN_USE_BATCHES = 20
DWELL_SECONDS = 60
BETWEEN_BATCHES_SECONDS = 0.02
"""Slow enough that the kills fall among the batches, fast enough for a test."""


@dataclass
class Home:
    """A person with one device of four outlets, each on notify with a fixed threshold."""

    url: str
    token: str = ""
    api_key: str = ""
    port_ids: list[str] = field(default_factory=list)

    def set_up(self) -> None:
        account = {"email": f"{secrets.token_hex(6)}@example.org", "password": secrets.token_hex(8)}
        self.token = self.call("POST", "/account/signup", account)["sessionToken"]
        device_id = f"GW-{secrets.token_hex(6)}"
        self.api_key = self.call("POST", "/device/register", {"deviceId": device_id})["apiKey"]
        rule = {"policy": "notify", "thresholdWatts": 10, "dwellSeconds": DWELL_SECONDS}
        for number in range(PORTS):
            port = self.call("POST", "/port", {"deviceId": device_id, "name": f"Outlet {number}", **rule})
            self.port_ids.append(port["portId"])

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> dict[str, Any]:
        headers = {"x-session-token": self.token} if self.token else {}
        answer = requests.request(method, self.url + path, json=body, params=query, headers=headers, timeout=60)
        assert answer.ok, answer.text
        decoded: dict[str, Any] = answer.json()
        return decoded

    def pages(self, path: str, items: str, **query: str) -> Iterator[dict[str, Any]]:
        """All items of a paged list."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.call("GET", path, query=query | ({"cursor": cursor} if cursor else {}))
            yield from page[items]
            cursor = page["cursor"]

    def stored(self, port_id: str) -> Counter[int]:
        """How often each time stands in a port's history."""
        points = self.pages(f"/port/{port_id}/history", "readings", **{"from": "2000-01-01T00:00:00Z"})
        return Counter(point["timestampMs"] for point in points)


@dataclass
class Pi:
    """Sends its batches one after the other, each again and again until it is answered 2xx, as the agent does."""

    home: Home
    first_ms: int
    accepted: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    resent: int = 0

    def send_all(self) -> None:
        for number in range(BATCHES):
            while not self._accepted(number):
                self.resent += 1
                time.sleep(BETWEEN_BATCHES_SECONDS)
            self.accepted.append(number)
            time.sleep(BETWEEN_BATCHES_SECONDS)

    def wait_for(self, count: int) -> None:
        """Until so many batches are accepted."""
        eventually(lambda: len(self.accepted) >= count, f"{count} batches are accepted")

    def at_ms(self, number: int) -> int:
        return self.first_ms + number * STEP_MS

    def _accepted(self, number: int) -> bool:
        watts = 60.0 if number < IN_USE_BATCHES else 3.0
        readings = [reading(port_id, self.at_ms(number), watts) for port_id in self.home.port_ids]
        batch = {"batchId": f"batch-{number}", "sentAtMs": now_ms(), "readings": readings}
        headers = {"Authorization": f"Device {self.home.api_key}"}
        try:
            answer = requests.post(f"{self.home.url}/sensor/readings", json=batch, headers=headers, timeout=60)
        except requests.RequestException:
            return False  # the stack is down: this batch comes again
        if answer.ok:
            self.refused += [result["status"] for result in answer.json()["results"] if "rejected" in result["status"]]
        return answer.ok


Kill = Callable[[RunningStack], None]


def kill_the_database(stack: RunningStack) -> None:
    """The stack itself starts it again."""
    os.kill(stack.database_pid, signal.SIGKILL)


def kill_the_stack(stack: RunningStack) -> None:
    """Its database dies with it."""
    stack.process.kill()
    stack.process.wait()


def kill_all(stack: RunningStack) -> None:
    """Both at once."""
    os.kill(stack.database_pid, signal.SIGKILL)
    kill_the_stack(stack)


@contextmanager
def pouring_in(pi: Pi) -> Iterator[None]:
    thread = threading.Thread(target=pi.send_all)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        assert not thread.is_alive(), "the Pi never got all its batches through"


@pytest.mark.parametrize("kill", [kill_the_database, kill_the_stack, kill_all], ids=lambda kill: kill.__name__)
def test_after_kills_all_that_was_accepted_is_there_once_and_so_is_what_follows(tmp_path: Path, kill: Kill) -> None:
    with ExitStack() as stacks:
        stack = stacks.enter_context(running_stack(tmp_path))
        port = urlsplit(stack.base_url).port or 0
        home = Home(f"{stack.base_url}/api")
        home.set_up()
        pi = Pi(home, now_ms() - BATCHES * STEP_MS)

        with pouring_in(pi):
            for at_batch in (30, 90, 150):  # in use, near the end of the dwell, after the notification
                pi.wait_for(at_batch)
                kill(stack)
                if kill is not kill_the_database:
                    stack = stacks.enter_context(running_stack(tmp_path, port))

        assert len(pi.accepted) == BATCHES
        assert not pi.refused
        _wait_for_the_stream(home, pi.at_ms(BATCHES - 1))
        for port_id in home.port_ids:
            assert home.stored(port_id) == Counter(pi.at_ms(number) for number in range(BATCHES))
        events = Counter(event["portId"] for event in home.pages("/phantom-event/list", "events"))
        assert events == Counter(home.port_ids), "one event for each outlet"
        told = [each["portId"] for each in home.pages("/notification/list", "notifications") if each["portId"]]
        assert Counter(told) == Counter(home.port_ids), "one notification for each outlet"
        assert not (tmp_path / "dead-letters.jsonl").exists()


def _wait_for_the_stream(home: Home, last_ms: int) -> None:
    """Until the stream handler has seen the newest reading of each outlet."""

    def seen() -> bool:
        latest = [port["latest"] for port in home.pages("/port/list", "ports")]
        return all(each and each["timestampMs"] == last_ms for each in latest)

    eventually(seen, "the stream catches up")
