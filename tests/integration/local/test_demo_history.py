"""The demo's past: lived through by the real verbs, in a data folder that the stack then goes on with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.local.emulator.template import ROOT
from infra.local.runner.data_directory import locked
from infra.local.runner.process import RunningStack, running_stack

LOG_IN = {"email": "past@example.org", "password": "correct horse battery"}
DEVICE = "GW-history1"


def live(data: Path, days: int = 2) -> subprocess.CompletedProcess[str]:
    who = ["--email", LOG_IN["email"], "--password", LOG_IN["password"], "--device-id", DEVICE]
    command = [sys.executable, "-m", "infra.local.demo.history", "--data", str(data), "--days", str(days), *who]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    data = tmp_path_factory.mktemp("past")
    lived = live(data)
    assert lived.returncode == 0, lived.stderr
    with running_stack(data) as running:
        yield running


@pytest.fixture(scope="module")
def session(stack: RunningStack) -> Iterator[requests.Session]:
    with requests.Session() as http:
        answer = http.post(f"{stack.base_url}/api/account/login", json=LOG_IN, timeout=60)
        http.headers["x-session-token"] = answer.json()["sessionToken"]
        yield http


def test_every_outlet_has_readings_up_to_now(stack: RunningStack, session: requests.Session) -> None:
    ports = session.get(f"{stack.base_url}/api/port/list", timeout=60).json()["ports"]
    assert [port["name"] for port in sorted(ports, key=lambda port: port["channel"])] == [
        "Television",
        "Game console",
        "Washing machine",
        "Fridge",
    ]
    assert all(port["latest"] for port in ports)


def test_the_detector_cut_and_people_switched_on_again(stack: RunningStack, session: requests.Session) -> None:
    events = session.get(f"{stack.base_url}/api/phantom-event/list?limit=200", timeout=60).json()["events"]
    cut = [event for event in events if event["actionTaken"] == "auto_cut"]
    assert {event["portName"] for event in cut} >= {"Television"}
    assert all(event["outcome"] != "sent" for event in cut)
    assert any(event["endedAt"] for event in cut)
    assert not any(event["portName"] == "Fridge" for event in cut)


def test_energy_and_savings_follow_from_it(stack: RunningStack, session: requests.Session) -> None:
    total = session.get(f"{stack.base_url}/api/energy?period=day", timeout=60).json()["total"]
    assert total["kwh"] > total["standbyKwh"] > 0
    assert total["savedKwh"] > 0


def test_its_pi_is_paired_by_code_like_any_new_one(stack: RunningStack, session: requests.Session) -> None:
    api = f"{stack.base_url}/api"
    started = requests.post(f"{api}/device/claim", json={"deviceId": DEVICE}, timeout=60).json()
    session.post(f"{api}/device/claim/approve", json={"userCode": started["userCode"]}, timeout=60).raise_for_status()
    code = {"deviceCode": started["deviceCode"]}
    paired = requests.post(f"{api}/device/claim/token", json=code, timeout=60).json()
    key = {"Authorization": f"Device {paired['apiKey']}"}
    answer = requests.post(f"{api}/device/heartbeat", headers=key, timeout=60).json()
    assert len(answer["relays"]) == 4


def test_the_poller_goes_on_behind_what_was_examined(stack: RunningStack) -> None:
    assert not (stack.data_dir / "dead-letters.jsonl").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with locked(tmp_path):
        refused = live(tmp_path, days=1)
    assert refused.returncode == 1
    assert "in use" in refused.stderr
