"""A stack with a day in it that the guides can be tried on, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.runner.process import running_stack
from tests.conftest import Answered, Device, Person, eventually, new_person, now_ms, reading

GUIDES = Path(__file__).resolve().parents[3] / "docs"
PLACE = "https://ghostwatt.example"
"""The address that stands for the reader's own."""
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Home:
    """A home with one outlet, its television, that was in use for an hour and fell to standby; and a thermometer."""

    base_url: str
    person: Person
    device: Device
    port_id: str
    from_ms: int
    to_ms: int


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield furnished(running.base_url)


def furnished(base_url: str) -> Home:
    def call(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = requests.request(method, f"{base_url}/api{path}", json=body, headers=named, timeout=60)
        return Answered(response.status_code, response.json(), response.headers)

    person, at_ms = new_person(call), now_ms()
    device = person.device("Living room")
    port_id = str(person.port(device, "Television", thresholdWatts=10, dwellSeconds=0)["portId"])
    yesterday = range(at_ms - 25 * HOUR_MS, at_ms - 24 * HOUR_MS, 30_000)
    today = range(at_ms - HOUR_MS, at_ms, 30_000)
    device.send([reading(port_id, at, 4.6) for at in yesterday], "yesterday", now_ms())
    device.send([reading(port_id, at, 92.0 if at < today[-2] else 4.6) for at in today], "today", now_ms())
    for temperature in (20.5, 21.0):
        log = {"sensors": {"temperature": temperature}, "timestamp": at_ms - round(temperature)}
        assert device.call("POST", "/device/data", log).status == 200
    eventually(lambda: person.call("GET", "/phantom-event/list").body["events"], "the stream finds the phantom", 90)
    eventually(lambda: person.call("GET", "/energy").body["total"]["kwh"], "there is energy", 90)
    return Home(base_url, person, device, port_id, at_ms - 2 * HOUR_MS, now_ms())


def blocks(guide: str, language: str) -> list[str]:
    """The fenced blocks of a language in a guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (GUIDES / guide).read_text(), re.MULTILINE | re.DOTALL)
