"""Recordings replayed by the real agent into the real stack: the television is cut, the fridge is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from infra.local.runner.process import running_stack
from tests.conftest import eventually

SPEED = 1_000
DWELL_SECONDS = 2
"""Half an hour at this speed, rounded up."""
HOUR = 3_600
RECORDINGS: dict[str, list[tuple[int, float]]] = {
    "television": [(0, 92.0), (1 * HOUR, 2.8), (5 * HOUR, 92.0)],
    "washing-machine": [(0, 1.9), (600, 1_950.0), (1_800, 110.0), (3_600, 2.0), (3_900, 400.0), (4_500, 1.9)],
    "fridge": [(900 * number, (85.0, 1.1)[number % 2]) for number in range(20)],
}
"""By appliance: from this second on, so many watts."""
SETTINGS: dict[str, dict[str, Any]] = {
    "television": {"policy": "cut"},
    "washing-machine": {"policy": "observe"},
    "fridge": {"policy": "cut", "neverCut": True},
}
END = 5 * HOUR


def write_recording(path: Path, stretches: list[tuple[int, float]]) -> int:
    rows = [
        f"{second},{watts}"
        for (start, watts), (end, _) in pairwise([*stretches, (END, 0.0)])
        for second in range(start, end, 10)
    ]
    path.write_text("t_seconds,power_w\n" + "\n".join(rows) + "\n")
    return len(rows)


class Household:
    """A person who watches the agent over the API."""

    def __init__(self, base_url: str, email: str = "replay@example.org") -> None:
        self.api = f"{base_url}/api"
        self.http = requests.Session()
        credentials = {"email": email, "password": "correct horse"}
        self.http.headers["x-session-token"] = self.call("POST", "/account/signup", credentials)["sessionToken"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, self.api + path, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def stored(self, port_id: str) -> list[dict[str, Any]]:
        readings: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.call("GET", f"/port/{port_id}/history?cursor={cursor}")
            readings, cursor = readings + page["readings"], page["cursor"]
        return readings


def events_of(agent: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    for line in agent.stdout or ():
        yield json.loads(line)


def test_a_replay_cuts_the_television_spares_the_fridge_and_loses_nothing(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.csv" for name in RECORDINGS}
    rows = {name: write_recording(files[name], stretches) for name, stretches in RECORDINGS.items()}
    with running_stack(tmp_path / "stack") as stack:
        home = Household(stack.base_url)
        command = [sys.executable, "-m", "ghostwatt_pi", "replay", *map(str, files.values()), "--speed", str(SPEED)]
        place = ["--api", home.api, "--data", str(tmp_path / "pi"), "--port", "0", "--tell", "json"]
        finished: dict[str, Any] = {}
        ports: dict[str, str] = {}
        with subprocess.Popen([*command, *place], stdout=subprocess.PIPE, text=True) as agent:
            for event in events_of(agent):
                if event["event"] == "claim":
                    home.call("POST", "/device/claim/approve", {"userCode": event["userCode"]})
                    (device,) = home.call("GET", "/device/list")["devices"]
                    for name in RECORDINGS:
                        port = {"deviceId": device["deviceId"], "name": name, "dwellSeconds": DWELL_SECONDS}
                        ports[name] = home.call("POST", "/port", port | SETTINGS[name])["portId"]
                elif event["event"] == "finished":
                    finished = event
        assert agent.returncode == 0
        assert (finished["rejected"], finished["waiting"]) == (0, 0)
        readings = [reading for port_id in ports.values() for reading in home.stored(port_id)]
        assert finished["sent"] == finished["stored"] == len(readings)
        assert len(readings) <= sum(rows.values()) / 4
        assert sum(reading.get("heldMs", 0) for reading in readings) >= 0.9 * len(ports) * END * 1000 / SPEED

        def outcomes(name: str) -> list[tuple[str, str | None]]:
            events = home.call("GET", f"/phantom-event/list?portId={ports[name]}")["events"]
            return [(event["actionTaken"], event["outcome"]) for event in events]

        eventually(lambda: ("auto_cut", "confirmed") in outcomes("television"), "the cut is confirmed")
        assert "auto_cut" not in [action for action, _ in outcomes("fridge") + outcomes("washing-machine")]
