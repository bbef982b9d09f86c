"""The system's clock stands a year ahead for a moment: nobody is told of it, and nothing is lost."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import requests

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import eventually, now_ms, reading

YEAR_SECONDS = 365 * 86_400
SITE_CUSTOMIZE = """
import pathlib, threading, time

_offset = pathlib.Path({offset!r})
_time, _time_ns = time.time, time.time_ns


def _seconds():
    ahead = int(_offset.read_text() or 0)
    if ahead and threading.current_thread().name == "schedule":
        with _offset.with_name("asked").open("a") as asked:
            asked.write("x")
    return ahead


time.time = lambda: _time() + _seconds()
time.time_ns = lambda: _time_ns() + _seconds() * 1_000_000_000
"""
"""Python runs a module of this name at its start. It notes how often the schedule asks for the time that is wrong."""
OFTEN = 4
"""A run of the schedule asks at least once."""


def call(stack: RunningStack, method: str, path: str, body: Any = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = requests.request(method, f"{stack.base_url}/api{path}", json=body, headers=named, timeout=60)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_a_clock_a_year_ahead_rebases_nothing_and_tells_nobody_offline(tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    (tmp_path / "sitecustomize.py").write_text(SITE_CUSTOMIZE.format(offset=str(offset)))
    options = ("--sweep-seconds", "0.5")
    with running_stack(tmp_path / "data", 0, *options, environment={"PYTHONPATH": str(tmp_path)}) as stack:
        account = {"email": f"{secrets.token_hex(6)}@example.org", "password": secrets.token_hex(8)}
        session = {"x_session_token": call(stack, "POST", "/account/signup", account)["sessionToken"]}
        device_id = f"GW-{secrets.token_hex(6)}"
        key = call(stack, "POST", "/device/register", {"deviceId": device_id}, **session)["apiKey"]
        port_id = call(stack, "POST", "/port", {"deviceId": device_id, "name": "TV"}, **session)["portId"]

        def send(watts: float) -> Any:
            batch = {"batchId": secrets.token_hex(8), "sentAtMs": now_ms()}
            batch["readings"] = [reading(port_id, now_ms(), watts)]
            return call(stack, "POST", "/sensor/readings", batch, Authorization=f"Device {key}")

        def stored() -> list[float]:
            found = call(stack, "GET", f"/port/{port_id}/history?resolution=raw", **session)
            return [row["power"] for row in found["readings"]]

        send(11.0)
        offset.write_text(str(YEAR_SECONDS))
        ahead = send(12.0)
        asked = tmp_path / "asked"
        eventually(lambda: asked.exists() and asked.stat().st_size >= OFTEN, "the schedule has run")
        offset.write_text("0")
        after = send(13.0)

        assert "rebasedByMs" not in {**ahead, **after}
        assert [result["status"] for result in (*ahead["results"], *after["results"])] == ["stored", "stored"]
        assert stored() == [11.0, 12.0, 13.0]
        assert call(stack, "GET", f"/device/{device_id}", **session)["device"]["status"] == "online"
        assert call(stack, "GET", "/notification/list", **session)["notifications"] == []
        log = (tmp_path / "data" / "stack.log").read_text()
        assert "the system's clock jumped by 31536000 s" in log
        assert "believed again" in log
