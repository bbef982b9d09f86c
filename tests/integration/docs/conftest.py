"""A stack with a day in it that the guides can be tried on, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.runner.process import running_stack
from infra.smoke.client import Client, wait_for
from infra.smoke.steps import reading
from infra.smoke.visit import Visit
from tests.conftest import now_ms

GUIDES = Path(__file__).resolve().parents[3] / "docs"
PLACE = "https://ghostwatt.example"
"""The address that stands for the reader's own."""
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Home:
    """A home with one outlet, its television, that was in use for an hour and fell to standby; and a thermometer."""

    base_url: str
    visit: Visit
    from_ms: int
    to_ms: int


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield furnished(running.base_url)


def furnished(base_url: str) -> Home:
    visit, at_ms = Visit(Client(base_url)), now_ms()
    visit.session_token = visit.client.call("POST", "/account/signup", visit.credentials, expect=201)["sessionToken"]
    device = {"deviceId": visit.device_id, "deviceName": "Living room"}
    visit.api_key = visit.person("POST", "/device/register", device)["apiKey"]
    outlet = {"deviceId": visit.device_id, "name": "Television", "thresholdWatts": 10, "dwellSeconds": 0}
    visit.port_id = visit.person("POST", "/port", outlet, expect=201)["portId"]
    yesterday = range(at_ms - 25 * HOUR_MS, at_ms - 24 * HOUR_MS, 30_000)
    today = range(at_ms - HOUR_MS, at_ms, 30_000)
    send(visit, "yesterday", [reading(visit.port_id, at, 4.6) for at in yesterday])
    send(visit, "today", [reading(visit.port_id, at, 92.0 if at < today[-2] else 4.6) for at in today])
    for temperature in (20.5, 21.0):
        log = {"sensors": {"temperature": temperature}, "timestamp": at_ms - round(temperature)}
        visit.device("POST", "/device/data", log)
    wait_for(lambda: visit.person("GET", "/phantom-event/list")["events"], "The stream finds the phantom")
    wait_for(lambda: visit.person("GET", "/energy")["total"]["kwh"], "There is energy")
    return Home(base_url, visit, at_ms - 2 * HOUR_MS, now_ms())


def send(visit: Visit, batch_id: str, readings: list[dict[str, Any]]) -> None:
    visit.device("POST", "/sensor/readings", {"batchId": batch_id, "sentAtMs": now_ms(), "readings": readings})


def blocks(guide: str, language: str) -> list[str]:
    """The fenced blocks of a language in a guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (GUIDES / guide).read_text(), re.MULTILINE | re.DOTALL)
