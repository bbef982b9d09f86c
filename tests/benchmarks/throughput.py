"""Readings a second through the whole PC stack: HTTP, gateway, app, database; and the stream behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from infra.local.runner.process import RunningStack
from tests.benchmarks.household import Household
from tests.conftest import Answered, eventually, new_person, now_ms

CLIENTS = 4
SECONDS = 3.0
BATCHES = (1, 30, 150)
BEGAN_MS = 20 * 86_400_000
"""The clients send days' worth of readings in seconds: they begin long ago, so that none lies in the future."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Readings stored a second in batches of so many, and how long after the last one the stream was through."""

    batch: int
    readings_a_second: float
    stream_lag_seconds: float


def measure(stack: RunningStack, batch: int) -> Throughput:
    """Send from several devices at once, one batch after another from each."""
    households = [Household(new_person(caller(stack)), now_ms() - BEGAN_MS) for _ in range(CLIENTS)]
    started = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        stored = sum(pool.map(lambda household: _send(household, batch, started + SECONDS), households))
    ended = time.monotonic()
    for household in households:
        eventually(partial(is_examined, household), "the stream is through", seconds=60)
    return Throughput(batch, stored / (ended - started), time.monotonic() - ended)


def _send(household: Household, batch: int, until: float) -> int:
    stored = 0
    while time.monotonic() < until:
        answer = household.device.call("POST", "/sensor/readings", household.batch(batch))
        if answer.status != 200 or any(result["status"] != "stored" for result in answer.body["results"]):
            raise RuntimeError(answer)
        stored += batch
    return stored


def is_examined(household: Household) -> bool:
    """Whether the stream has come to the household's newest reading."""
    port, at_ms = household.newest
    latest = household.person.call("GET", f"/port/{port}").body["latest"]
    return latest is not None and latest["timestampMs"] == at_ms


def caller(stack: RunningStack) -> Callable[..., Answered]:
    """Calls the API of a stack."""
    session = requests.Session()

    def call(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        response = session.request(method, f"{stack.base_url}/api{path}", headers=named, json=body, timeout=30)
        return Answered(response.status_code, response.json(), response.headers)

    return call
