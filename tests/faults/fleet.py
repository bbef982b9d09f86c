"""Many Pis against a PC stack that is killed again and again: what was acknowledged is there, and nothing else is.

    python -m tests.faults.fleet --pis 50 --seconds 300 --kill-seconds 20

Each Pi has four outlets. Two fall to standby and may be cut, one is in use all the time, one is marked never-cut. The
run ends with exit code 1 when a reading is missing or doubled, an event or a notification came twice, a cut is missing
or wrong, or a reading was refused.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.local.runner.process import RunningStack, running_stack

SAMPLE_SECONDS = 2
THRESHOLD_WATTS = 10
IN_USE_WATTS, STANDBY_WATTS = 60.0, 3.0
PIS_OF_AN_ACCOUNT = 20
CALL_SECONDS = 20.0
RETRY_SECONDS = 0.5
CATCH_UP_SECONDS = 120.0
PASSWORD = "a long enough passphrase of a fleet"
KILLS = ("kill -9 of the database", "kill -9 of the stack", "kill -9 of both")
"""The three kinds of kill, in turn."""
EVENTS: Mapping[str, Mapping[str, int]] = {
    "television": {"auto_cut": 1},
    "console": {"auto_cut": 1},
    "lamp": {},
    "freezer": {"notified": 1},
}
"""The outlets of each Pi, and what must be found there: the lamp is in use, the freezer is marked never-cut."""


@dataclass(frozen=True)
class Plan:
    """How large the run is: seconds between a Pi's uploads, between two kills, and of it all."""

    pis: int
    seconds: float
    kill_seconds: float
    upload_seconds: float
    dwell_seconds: int


@dataclass
class Report:
    """What a run came to; `wrong` is empty when nothing was lost, doubled or wrongly cut."""

    acknowledged: int = 0
    stored: int = 0
    resent: int = 0
    cuts_confirmed: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Account:
    """A person of the fleet."""

    url: str
    email: str
    token: str = ""

    def sign_up(self) -> None:
        """Make the account."""
        self.token = self.call("POST", "/account/signup", self._credentials())["sessionToken"]

    def log_in(self) -> None:
        """Begin a new session: the first one ends while a long run goes on."""
        self.token = self.call("POST", "/account/login", self._credentials())["sessionToken"]

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Call the API as this person; raises AssertionError when it is refused."""
        headers = {"x-session-token": self.token} if self.token else {}
        url = self.url + path
        answer = requests.request(method, url, json=body, params=query, headers=headers, timeout=CALL_SECONDS)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        decoded: dict[str, Any] = answer.json()
        return decoded

    def pages(self, path: str, items: str, **query: str) -> Iterator[dict[str, Any]]:
        """All items of a paged list."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.call("GET", path, query=query | ({"cursor": cursor} if cursor else {}))
            yield from page[items]
            cursor = page["cursor"]

    def _credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": PASSWORD}


@dataclass
class Outlet:
    """An outlet, what its appliance draws, and what its relay was told."""

    port_id: str
    name: str
    idle_from_ms: int | None
    relay: str = "on"
    version: int = 0
    acknowledged: list[int] = field(default_factory=list)

    def watts(self, at_ms: int) -> float:
        """The watts at a time."""
        if self.relay == "off":
            return 0.0
        return STANDBY_WATTS if self.idle_from_ms is not None and at_ms >= self.idle_from_ms else IN_USE_WATTS


class Pi(threading.Thread):
    """Sends its batches in order, each again and again until it is stored, obeys and reports, as the agent does."""

    def __init__(self, url: str, key: str, outlets: Sequence[Outlet], plan: Plan, end: threading.Event) -> None:
        super().__init__(daemon=True)
        self.outlets = outlets
        self.resent = 0
        self.refused: list[str] = []
        self._url = url
        self._headers = {"Authorization": f"Device {key}"}
        self._plan = plan
        self._end = end
        self._reports: list[dict[str, Any]] = []

    def run(self) -> None:
        """Sample and upload until the end, and bring what is left."""
        sampled_ms = _now_ms()
        time.sleep(random.random() * self._plan.upload_seconds)  # noqa: S311 - so that they do not call together
        last = False
        while not last:
            last = self._end.wait(self._plan.upload_seconds)
            times = range(sampled_ms + SAMPLE_SECONDS * 1_000, _now_ms() + 1, SAMPLE_SECONDS * 1_000)
            if times:
                sampled_ms = times[-1]
                self._upload([(outlet, at_ms) for at_ms in times for outlet in self.outlets])
            if self._reports:
                self._send("/device/heartbeat", {"relays": self._reports})
                self._reports = []

    def _upload(self, samples: Sequence[tuple[Outlet, int]]) -> None:
        readings = [_reading(outlet, at_ms) for outlet, at_ms in samples]
        answer = self._send("/sensor/readings", {"batchId": secrets.token_hex(8), "readings": readings})
        for (outlet, at_ms), result in zip(samples, answer["results"], strict=True):
            if result["status"] == "rejected":
                self.refused.append(f"{outlet.name}: {result}")
            else:
                outlet.acknowledged.append(at_ms)

    def _send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                stamped = {**body, "sentAtMs": _now_ms()}
                answer = requests.post(self._url + path, json=stamped, headers=self._headers, timeout=CALL_SECONDS)
            except requests.RequestException:
                pass  # the stack is down: the same comes again
            else:
                if answer.ok:
                    self._obey(answer.json()["relays"])
                    return dict(answer.json())
                assert answer.status_code in (429, 503), answer.text
            self.resent += 1
            time.sleep(RETRY_SECONDS)

    def _obey(self, commands: Sequence[Mapping[str, Any]]) -> None:
        by_id = {outlet.port_id: outlet for outlet in self.outlets}
        for command in commands:
            outlet = by_id[command["portId"]]
            if command["version"] <= outlet.version:
                continue
            in_use = outlet.watts(_now_ms()) >= command.get("onlyBelowWatts", float("inf"))
            outlet.version = command["version"]
            outlet.relay = "on" if in_use else command["desired"]
            reason = {"reason": "in_use"} if in_use else {}
            report = {"portId": outlet.port_id, "state": outlet.relay, "version": outlet.version, **reason}
            self._reports.append(report)


def run(plan: Plan, directory: Path, environment: Mapping[str, str] | None = None) -> Report:
    """Do a whole run in an empty folder, and check what is stored in the end."""
    report, end = Report(), threading.Event()
    with ExitStack() as stacks:
        stack = stacks.enter_context(running_stack(directory, environment=environment))
        url = f"{stack.base_url}/api"
        homes = _furnish(url, plan, end)
        pis = [pi for _, of_account in homes for pi in of_account]
        for pi in pis:
            pi.start()
        stack = _kill_again_and_again(plan, stack, stacks, directory, environment, report)
        end.set()
        for pi in pis:
            pi.join(CATCH_UP_SECONDS)
            assert not pi.is_alive(), "a Pi never got all its batches through"
        for account, of_account in homes:
            account.log_in()
            _check(account, of_account, report)
    report.resent = sum(pi.resent for pi in pis)
    report.wrong += [refused for pi in pis for refused in pi.refused]
    if (directory / "dead-letters.jsonl").exists():
        report.wrong.append("the stream gave a record up")
    return report


def _furnish(url: str, plan: Plan, end: threading.Event) -> list[tuple[Account, list[Pi]]]:
    homes: list[tuple[Account, list[Pi]]] = []
    for number in range(plan.pis):
        if number % PIS_OF_AN_ACCOUNT == 0:
            homes.append((Account(url, f"{secrets.token_hex(6)}@example.org"), []))
            homes[-1][0].sign_up()
        account, pis = homes[-1]
        device_id = f"GW-{secrets.token_hex(6)}"
        key = account.call("POST", "/device/register", {"deviceId": device_id})["apiKey"]
        idle_from_ms = _now_ms() + int(plan.seconds * 1_000 / 5)
        rule = {"policy": "cut", "thresholdWatts": THRESHOLD_WATTS, "dwellSeconds": plan.dwell_seconds}
        outlets = [
            Outlet(
                account.call("POST", "/port", {"deviceId": device_id, "name": name, **rule, **more})["portId"],
                name,
                idle,
            )
            for name, idle, more in (
                ("television", idle_from_ms, {}),
                ("console", idle_from_ms, {}),
                ("lamp", None, {}),
                ("freezer", idle_from_ms, {"neverCut": True}),
            )
        ]
        pis.append(Pi(url, key, outlets, plan, end))
    return homes


def _kill_again_and_again(
    plan: Plan,
    stack: RunningStack,
    stacks: ExitStack,
    directory: Path,
    environment: Mapping[str, str] | None,
    report: Report,
) -> RunningStack:
    """Kill in turn the database, the stack, and both, until the time is over; returns the stack that runs then."""
    port = urlsplit(stack.base_url).port or 0
    end = time.monotonic() + plan.seconds
    for kind in cycle(KILLS):
        if time.monotonic() + plan.kill_seconds >= end:
            time.sleep(max(0.0, end - time.monotonic()))
            report.memory_mb.append(_memory_mb(stack.process.pid))
            return stack
        time.sleep(plan.kill_seconds)
        report.memory_mb.append(_memory_mb(stack.process.pid))
        report.kills[kind] += 1
        if kind != KILLS[1]:
            os.kill(stack.database_pid, signal.SIGKILL)
        if kind != KILLS[0]:
            stack.process.kill()
            stack.process.wait()
            stack = stacks.enter_context(running_stack(directory, port, environment=environment))
    raise AssertionError("unreachable: the kinds never end")


def _check(account: Account, pis: Sequence[Pi], report: Report) -> None:
    outlets = [outlet for pi in pis for outlet in pi.outlets]
    _wait_for_the_stream(account, outlets)
    events = Counter(
        (event["portId"], event["actionTaken"]) for event in account.pages("/phantom-event/list", "events")
    )
    told = Counter(each["portId"] for each in account.pages("/notification/list", "notifications"))
    for outlet in outlets:
        _check_readings(account, outlet, report)
        expected = EVENTS[outlet.name]
        seen = {action: number for (port_id, action), number in events.items() if port_id == outlet.port_id}
        if seen != expected or told[outlet.port_id] != sum(expected.values()):
            report.wrong.append(f"{outlet.name}: events {seen}, told {told[outlet.port_id]} times")
        if (outlet.relay == "off") != ("auto_cut" in expected):
            report.wrong.append(f"{outlet.name}: its relay is {outlet.relay}")
        report.cuts_confirmed += outlet.relay == "off"


def _check_readings(account: Account, outlet: Outlet, report: Report) -> None:
    query = {"from": "2000-01-01T00:00:00Z", "resolution": "raw", "limit": "10000"}
    stored = Counter(
        point["timestampMs"] for point in account.pages(f"/port/{outlet.port_id}/history", "readings", **query)
    )
    sent = Counter(outlet.acknowledged)
    report.acknowledged += sent.total()
    report.stored += stored.total()
    if stored != sent:
        missing, extra = sent - stored, stored - sent
        report.wrong.append(f"{outlet.name}: {missing.total()} readings missing, {extra.total()} never sent or doubled")


def _wait_for_the_stream(account: Account, outlets: Sequence[Outlet]) -> None:
    """Until the stream has seen the newest reading of each outlet; fails when it makes no way for a while."""
    newest = {outlet.port_id: max(outlet.acknowledged) for outlet in outlets}
    seen: dict[str, int] = {}
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while True:
        latest = {port["portId"]: port["latest"] for port in account.pages("/port/list", "ports")}
        now = {port_id: (latest[port_id] or {}).get("timestampMs", 0) for port_id in newest}
        if now == newest:
            return
        if now != seen:
            seen, deadline = now, time.monotonic() + CATCH_UP_SECONDS
        behind = sum(now[port_id] != at_ms for port_id, at_ms in newest.items())
        assert time.monotonic() < deadline, f"the stream stands still, behind at {behind} outlets"
        time.sleep(1)


def _reading(outlet: Outlet, at_ms: int) -> dict[str, Any]:
    watts = outlet.watts(at_ms)
    return {"portId": outlet.port_id, "timestampMs": at_ms, "voltage": 230.0, "current": watts / 230, "power": watts}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _memory_mb(pid: int) -> float:
    """Resident memory of a process; 0 where /proc is missing."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS")), 0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line; the exit code is 1 when something was lost, doubled or wrongly cut."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fleet", description="Kill a stack that many Pis use.")
    parser.add_argument("--pis", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--kill-seconds", type=float, default=20, help="between two kills")
    parser.add_argument("--upload-seconds", type=float, default=2)
    parser.add_argument("--dwell-seconds", type=int, default=60)
    options = parser.parse_args(arguments)
    plan = Plan(options.pis, options.seconds, options.kill_seconds, options.upload_seconds, options.dwell_seconds)
    with tempfile.TemporaryDirectory(prefix="ghostwatt-fleet-") as directory:
        report = run(plan, Path(directory))
    memory = ", ".join(f"{megabytes:.0f}" for megabytes in report.memory_mb)
    sys.stdout.write(
        f"{report.acknowledged:,} readings acknowledged, {report.stored:,} stored; {report.resent:,} calls repeated\n"
        f"{sum(report.kills.values())} kills: {dict(report.kills)}\n"
        f"{report.cuts_confirmed} cuts confirmed\n"
        f"memory of the stack before each kill, MB: {memory}\n"
    )
    sys.stdout.write("\n".join(["nothing wrong" if not report.wrong else "WRONG:", *report.wrong[:50]]) + "\n")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
