"""python -m tests.benchmarks.pc_stack: what a reading costs the PC stack, beside a plain Flask and SQLite server.

All of it is CPU time, user and system, of the server's processes (stack, database), until the stream is through; that
of the clients is not in it. Both servers run one after the other on the same machine, so the ratios hold where the
milliseconds do not. Limits of calls are off: four clients send what hundreds of devices would.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from infra.local.emulator.template import ROOT
from infra.local.runner.process import RunningStack, running_stack
from tests.benchmarks.household import Household
from tests.benchmarks.plain_flask import DEVICES
from tests.benchmarks.throughput import BEGAN_MS, caller, is_examined
from tests.conftest import eventually, new_person, now_ms

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "2000"))
"""Of one reading each; of batches there are a quarter as many."""
BATCHES = (30, 150)
ROUNDS = 3
"""The median of so many is shown: on a machine with other work one round may be off."""
TICKS = os.sysconf("SC_CLK_TCK")
KB_A_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024


class Request(NamedTuple):
    """A request, and the status that is awaited."""

    path: str
    body: Mapping[str, Any]
    key: str = ""
    status: int = 200


Requests = Sequence[Request]


@dataclass(frozen=True, slots=True)
class Row:
    """What a request costs, and how many of its readings the server took a second."""

    name: str
    readings: int
    cpu_ms: float
    database_ms: float
    readings_a_second: float

    @property
    def reading_ms(self) -> float:
        """CPU time a reading."""
        return self.cpu_ms / self.readings


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * KB_A_PAGE / 1024


def measured(
    name: str,
    url: str,
    pids: Sequence[int],
    requests: Sequence[Requests],
    readings: int,
    until: Callable[[], object] = lambda: None,
) -> Row:
    """Send each client's requests, all clients at once; the last of the processes is the database's."""
    before = [cpu_seconds(pid) for pid in pids]
    started = time.monotonic()
    with ThreadPoolExecutor(len(requests)) as pool:
        list(pool.map(partial(_send, urlsplit(url).netloc), requests))
    ended = time.monotonic()
    until()
    spent = [cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    count = sum(map(len, requests))
    database_ms = spent[-1] * 1_000 / count if len(pids) > 1 else 0.0
    return Row(name, readings, sum(spent) * 1_000 / count, database_ms, count * readings / (ended - started))


def _send(address: str, requests: Requests) -> None:
    connection = http.client.HTTPConnection(address, timeout=60)
    for path, body, key, status in requests:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Device {key}"} if key else {})
        sent = {**body, "sentAtMs": now_ms()} if "sentAtMs" in body else body
        connection.request("POST", path, json.dumps(sent), headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != status:
            raise RuntimeError(f"{response.status} {answer!r}")
    connection.close()


def one_reading(household: Household) -> Request:
    """A request with the household's next reading."""
    (taken,) = household.readings(1)
    key = household.device.api_key
    return Request("/api/sensor/reading", {"deviceToken": key, "timestamp": taken.pop("timestampMs"), **taken})


def batch(household: Household, readings: int) -> Request:
    """A request with the household's next readings."""
    return Request("/api/sensor/readings", household.batch(readings), household.device.api_key)


def stack_rows(stack: RunningStack) -> Iterator[Row]:
    """The rows of our own stack."""
    pids = (stack.process.pid, stack.database_pid)
    for number in range(ROUNDS):
        households = [Household(new_person(caller(stack)), now_ms() - BEGAN_MS) for _ in range(DEVICES)]

        def through(households: Sequence[Household] = households) -> None:
            for household in households:
                eventually(partial(is_examined, household), "the stream is through", seconds=120)

        each = REQUESTS // DEVICES
        first = one_reading(households[0])
        unknown = first._replace(body={**first.body, "deviceToken": "no key"}, status=401)
        send = partial(measured, url=stack.base_url, pids=pids)
        if number == 0:  # warm
            send("", requests=[[one_reading(household) for _ in range(20)] for household in households], readings=1)
        yield send("no database: a key of no device is refused", requests=[[unknown] * each] * DEVICES, readings=1)
        ones = [[one_reading(household) for _ in range(each)] for household in households]
        yield send("one reading a request", requests=ones, readings=1, until=through)
        for size in BATCHES:
            many = [[batch(household, size) for _ in range(each // 4)] for household in households]
            yield send(f"{size} a batch", requests=many, readings=size, until=through)


def flask_rows(directory: Path) -> Iterator[Row]:
    """The rows of the plain server."""
    with _plain_server(directory) as (url, pid):
        for number in range(ROUNDS):
            requests = [
                [_plain_request(f"gw-{device}", number * REQUESTS + index) for index in range(REQUESTS // DEVICES)]
                for device in range(1, DEVICES + 1)
            ]
            yield measured("plain Flask and SQLite: one reading a request", url, (pid,), requests, 1)


def _plain_request(device: str, at_ms: int) -> Request:
    figures = {"portId": f"{device}-1", "voltage": 230.1, "current": 0.379, "power": 87.3}
    return Request("/api/sensor/reading", {"deviceToken": f"key-{device}", "timestamp": at_ms, **figures})


@contextmanager
def _plain_server(directory: Path) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "tests.benchmarks.plain_flask", str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1], process.pid
        finally:
            process.terminate()


def medians(rows: Sequence[Row]) -> list[Row]:
    """One row of each name, that of the median."""
    names = dict.fromkeys(row.name for row in rows if row.name)
    of_name = {name: sorted((row for row in rows if row.name == name), key=lambda row: row.cpu_ms) for name in names}
    return [found[len(found) // 2] for found in of_name.values()]


def table(rows: Sequence[Row], plain: Row) -> Iterator[str]:
    """The rows as text, each beside the plain server's one reading."""
    heads = f"{'a request':>10}{'of it db':>10}{'a reading':>11}{'/ plain':>9}{'a second':>10}"
    yield f"{'CPU of all processes of the server, ms':<48}{heads}"
    for row in (*rows, plain):
        ratio = row.reading_ms / plain.reading_ms
        yield (
            f"{row.name:<48}{row.cpu_ms:>10.2f}{row.database_ms:>10.2f}{row.reading_ms:>11.4f}{ratio:>9.2f}"
            f"{row.readings_a_second:>10,.0f}"
        )


def lines() -> Iterator[str]:
    """Measure both servers; gives the lines to print."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running_stack(Path(directory), environment={"LIMITS": "off"}) as stack,
    ):
        at_first = memory_mb(stack.process.pid)
        rows = list(stack_rows(stack))
        memory = (
            f"Memory of the stack's process: {at_first:.0f} MB at first, {memory_mb(stack.process.pid):.0f} MB now."
        )
    with tempfile.TemporaryDirectory() as directory:
        plain = medians(list(flask_rows(Path(directory))))
    yield from table(medians(rows), *plain)
    yield f"Medians of {ROUNDS} rounds of {REQUESTS} requests ({DEVICES} clients), with the stream and detection."
    yield memory


if __name__ == "__main__":
    for line in lines():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
