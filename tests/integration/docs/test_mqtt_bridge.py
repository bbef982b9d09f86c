"""The bridge of docs/mqtt.md, which says how long the readings of a plug held that reports on change."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from tests.conftest import Person, now_ms
from tests.integration.docs.conftest import GUIDES

MINUTE_MS = 60_000


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the script defines; it connects only when it is started."""
    for name, value in {"DEVICE_ID": "GW-1", "DEVICE_KEY": "key", "PORTS": '{"zigbee2mqtt/lamp": "p"}'}.items():
        monkeypatch.setenv(name, value)
    (script,) = re.findall(r"^```python\n(.*?)^```", (GUIDES / "mqtt.md").read_text(), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"__name__": "bridge"}
    exec(compile(script, "docs/mqtt.md", "exec"), names)  # noqa: S102 - our own page
    return names


@pytest.mark.parametrize("payload", ['{"Time":"2026","ENERGY":{"Power":61,"Today":1}}', '{"power":61,"state":"ON"}'])
def test_it_finds_the_watts_of_both(bridge: dict[str, Any], payload: str) -> None:
    assert bridge["watts_of"](json.loads(payload)) == 61


def test_all_time_is_covered_while_the_plug_reports_and_none_while_it_is_away(
    bridge: dict[str, Any], person: Person
) -> None:
    device = person.device()
    port_id = person.port(device, thresholdWatts=10)["portId"]
    start_ms = (now_ms() // 3_600_000 - 2) * 3_600_000
    reports = [(0, 3.0), (5, 3.0), (8, 80.0), (9, 81.0), (14, 81.0), (15, 3.0), (40, 3.0), (45, 3.0)]
    for minute, watts in reports:
        for reading in bridge["readings_of"](port_id, watts, start_ms + minute * MINUTE_MS):
            assert device.call("POST", "/sensor/reading", reading).status == 200
    points = person.call("GET", f"/port/{port_id}/history?resolution=5m").body["readings"]
    near = [(a, b) for a, b in pairwise(reports) if b[0] - a[0] <= 5]
    assert sum(point["coveredSeconds"] for point in points) == sum(60 * (b[0] - a[0]) for a, b in near) == 20 * 60
    used = sum(a[1] * (b[0] - a[0]) / 60 for a, b in near)
    assert sum(point["wattHours"] for point in points) == pytest.approx(used, rel=1e-4)
