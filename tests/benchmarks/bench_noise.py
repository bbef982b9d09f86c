"""make bench-noise: what other people's devices feel while one device or one session makes as much noise as it can."""

from __future__ import annotations

import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from infra.local.runner.process import RunningStack, running_stack
from tests.benchmarks import noise
from tests.benchmarks.noise import Attacker
from tests.conftest import Answered, Device, eventually, new_person, now_ms, reading

SECONDS = 8.0
NEIGHBOURS = 3
MOST_P99_MS, MOST_VERDICT_SECONDS = 250.0, 2.0
"""What the limits are there for."""
CUT = {"thresholdWatts": 10, "dwellSeconds": 0, "policy": "cut"}
PAUSE_SECONDS = 0.1
PAST_BATCHES, PAST_READINGS = 110, 500
"""What a back-test replays: nearly all readings that a device may send at once."""


@dataclass(slots=True)
class Felt:
    """What the neighbours felt."""

    heartbeat_ms: list[float] = field(default_factory=list)
    verdict_seconds: list[float] = field(default_factory=list)

    def row(self, name: str, answers: Counter[int], peak_mb: float) -> str:
        """A line of the table."""
        p50, p99 = statistics.median(self.heartbeat_ms), _p99(self.heartbeat_ms)
        slowest = max(self.verdict_seconds, default=float("inf"))
        well = p99 <= MOST_P99_MS and slowest <= MOST_VERDICT_SECONDS
        said = " ".join(f"{count} x {status}" for status, count in sorted(answers.items()) if count)
        figures = f"{p50:6.0f} {p99:8.0f} {slowest:10.2f} {peak_mb:8.0f}"
        return f"{name:<44}{figures}  {'yes' if well else 'NO':<4} {said}"


def main(chosen: Sequence[str]) -> int:
    """Measure the chosen noises, or all of them in about two minutes; 1 when the neighbours felt too much."""
    _print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {NEIGHBOURS} neighbours, {SECONDS:.0f} s a noise.")
    _print(f"{'noise':<44}{'p50 ms':>6} {'p99 ms':>8} {'verdict s':>10} {'RSS MB':>8}  well answers to the noise")
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as directory, running_stack(Path(directory)) as stack:
        attacker = _attacker(stack)
        for name in chosen or noise.NOISES:
            lines.append(_measured(stack, attacker, name))
            _print(lines[-1])
    limits = f"p99 of a heartbeat {MOST_P99_MS:.0f} ms, verdict {MOST_VERDICT_SECONDS:.0f} s"
    _print(f"load {os.getloadavg()[0]:.1f}; well: {limits}")
    return int(any("  NO " in line for line in lines))


def _measured(stack: RunningStack, attacker: Attacker, name: str) -> str:
    """What neighbours that nobody knew before feel of a noise."""
    homes = [_Home(stack) for _ in range(NEIGHBOURS)]
    felt, over, peak = Felt(), threading.Event(), [0.0]
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    making = context.Process(target=noise.make, args=(name, attacker, SECONDS, answers))
    making.start()
    time.sleep(1.0)  # until it has begun
    until = time.monotonic() + SECONDS - 1.0
    with ThreadPoolExecutor(2 * NEIGHBOURS + 1) as pool:
        pool.submit(_watch_memory, stack.process.pid, over, peak)
        beating = [pool.submit(home.beat, until, felt) for home in homes]
        judged = [pool.submit(home.be_judged, until, felt) for home in homes]
        for future in (*beating, *judged):
            future.result()
        over.set()
    said: Counter[int] = answers.get(timeout=90)
    making.join()
    return felt.row(name, said, peak[0])


class _Home:
    """A neighbour: a person with two devices, one that beats and one whose outlets are judged."""

    def __init__(self, stack: RunningStack) -> None:
        self.person = new_person(_caller(stack))
        self.beating, self.judged = self.person.device("beating"), self.person.device("judged")
        self.ports = [self.person.port(self.judged, f"Outlet {n}", **CUT)["portId"] for n in range(20)]

    def beat(self, until: float, felt: Felt) -> None:
        """Call again and again, with a pause."""
        for _ in _while(until):
            started = time.monotonic()
            _ok(self.beating.call("POST", "/device/heartbeat"))
            felt.heartbeat_ms.append((time.monotonic() - started) * 1_000)

    def be_judged(self, until: float, felt: Felt) -> None:
        """Send standby of one outlet after the other; each is cut after a while."""
        for port_id, _ in zip(self.ports, _while(until), strict=False):
            started = time.monotonic()
            _ok(self.judged.send([reading(port_id, now_ms(), 3.2)]))
            eventually(partial(self._is_cut, port_id), "the outlet is cut", seconds=120)
            felt.verdict_seconds.append(time.monotonic() - started)

    def _is_cut(self, port_id: str) -> bool:
        time.sleep(PAUSE_SECONDS)
        relays = _ok(self.judged.call("POST", "/device/heartbeat")).body["relays"]
        return any(relay["portId"] == port_id and relay["desired"] == "off" for relay in relays)


def _attacker(stack: RunningStack) -> Attacker:
    person = new_person(_caller(stack))
    device = person.device()
    port_id = person.port(device)["portId"]
    _give_past(device, port_id)
    mqtt_port = re.search(r"MQTT at \S+:(\d+)", (stack.data_dir / "stack.log").read_text())
    if mqtt_port is None:
        raise RuntimeError("the stack has no broker")
    api = f"{stack.base_url}/api"
    return Attacker(api, int(mqtt_port[1]), device.device_id, device.api_key, person.token, port_id)


def _give_past(device: Device, port_id: str) -> None:
    start_ms = now_ms() - 5 * 86_400_000
    for number in range(PAST_BATCHES):
        first_ms = start_ms + number * PAST_READINGS * 2_000
        watts = 90.0 if number % 3 else 5.0
        _ok(device.send([reading(port_id, first_ms + at * 2_000, watts) for at in range(PAST_READINGS)]))
        time.sleep(0.03)


def _caller(stack: RunningStack) -> Any:
    local = threading.local()

    def call(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        if not hasattr(local, "http"):
            local.http = requests.Session()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        answer = local.http.request(method, f"{stack.base_url}/api{path}", headers=named, json=body, timeout=60)
        return Answered(answer.status_code, answer.json(), answer.headers)

    return call


def _ok(answer: Answered) -> Answered:
    if answer.status != 200:
        raise RuntimeError(f"a neighbour was refused: {answer}")
    return answer


def _while(until: float) -> Iterator[None]:
    while time.monotonic() < until:
        yield
        time.sleep(PAUSE_SECONDS)


def _watch_memory(pid: int, over: threading.Event, peak: list[float]) -> None:
    while not over.wait(0.1):
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        peak[0] = max(peak[0], int(found[1]) / 1_024 if found else 0.0)


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
