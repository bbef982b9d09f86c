"""The bridge in examples/: it says how long the watts of a plug held that reports on change."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.publish import single

from tests.conftest import Person, eventually, now_ms
from tests.integration.examples.conftest import EXAMPLES, Place, Run

MINUTE_MS = 60_000


@pytest.fixture
def bridge() -> dict[str, Any]:
    """What the script defines; it connects only when it is started."""
    names: dict[str, Any] = {"__name__": "mqtt_bridge"}
    exec(compile((EXAMPLES / "mqtt_bridge.py").read_text(), "mqtt_bridge.py", "exec"), names)  # noqa: S102 - our own
    return names


@pytest.mark.parametrize(
    ("payload", "watts"),
    [
        ('{"Time":"2026","ENERGY":{"Power":61,"Today":1}}', 61),
        ('{"power":61.5,"state":"ON"}', 61.5),
        ('{"state":"ON"}', None),
        ('{"Time":"2026"}', None),
    ],
)
def test_it_finds_the_watts_of_both(bridge: dict[str, Any], payload: str, watts: float | None) -> None:
    assert bridge["watts_of"](json.loads(payload)) == watts


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


@pytest.fixture
def home_port(tmp_path: Path) -> Iterator[int]:
    """The port of a broker as the plugs have one."""
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if mosquitto is None:
        pytest.skip("mosquitto is missing: apt-get install mosquitto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([mosquitto, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    eventually(lambda: _listens(port), "the broker listens")
    yield port
    broker.kill()
    broker.wait()


def _listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_what_plugs_report_is_stored_with_the_time_that_it_held(
    place: Place, run: Run, person: Person, home_port: int
) -> None:
    device = person.device()
    tv, lamp = (person.port(device, name)["portId"] for name in ("Television", "Lamp"))
    changes = {'HOME = ("localhost", 1883)': f'HOME = ("127.0.0.1", {home_port})'}
    changes |= {'CLOUD = ("localhost", 1884)': f'CLOUD = ("127.0.0.1", {place.mqtt_port})'}
    script = [sys.executable, str(place.copy("mqtt_bridge.py", changes)), device.device_id, device.api_key]
    bridge = run([*script, f"tele/tv/SENSOR={tv}", f"zigbee2mqtt/lamp={lamp}"])
    bridge.hear("listening")

    def report(topic: str, message: dict[str, Any]) -> None:
        single(topic, json.dumps(message), qos=1, hostname="127.0.0.1", port=home_port)

    def stored(port_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = person.call("GET", f"/port/{port_id}/history?resolution=raw").body["readings"]
        return found

    report("tele/tv/SENSOR", {"ENERGY": {"Power": 80}})
    bridge.hear("80 W")
    report("zigbee2mqtt/lamp", {"power": 7.5})
    report("zigbee2mqtt/lamp", {"state": "ON"})
    report("tele/tv/SENSOR", {"ENERGY": {"Power": 3}})
    eventually(lambda: (len(stored(tv)), len(stored(lamp))) == (3, 1), "the readings are stored")
    first, held, now = stored(tv)
    assert [reading["power"] for reading in (first, held, now)] == [80.0, 80.0, 3.0]
    assert held["heldMs"] == held["timestampMs"] - first["timestampMs"]
    assert (held["voltage"], stored(lamp)[0]["power"]) == (None, 7.5)
