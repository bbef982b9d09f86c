"""A day without the cloud: 172,800 readings wait, then drain beside the live ones, with and without kills.

The readings are those of a real day, the time to send them is compressed. `OUTAGE_PACE=real` takes the agent's own
pace, as `OUTAGE_PACE=real pytest tests/faults/test_outage.py`: about seven minutes for each of the two drains.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms

from tests.conftest import eventually
from tests.device.fake_cloud import FakeCloud

PORTS, STEP_MS, DAY_MS = 4, 2_000, 24 * 3600 * 1000
DAY_READINGS = PORTS * DAY_MS // STEP_MS
MOST_MEMORY_KB, MOST_SPOOL_BYTES = 80_000, 25_000_000
IS_REAL = os.environ.get("OUTAGE_PACE") == "real"
BACKLOG_SECONDS = 1.0 if IS_REAL else 0.005
"""A second is what the agent's pace comes to at the fake cloud's interval of one second."""
DRAIN_SECONDS = 900
KILLS = 20
SCALES_MS = (-1, 0, 1)
"""An agent's own stamps lie on the scale of its boot to within a rounding."""
Key = tuple[str, int]

pytestmark = pytest.mark.timeout(1200)


@dataclass
class Pi:
    """Agents, one after the other, on one folder; and the most that any of them took."""

    cloud: FakeCloud
    directory: DataDirectory
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    memory_kb: int = 0
    spool_bytes: int = 0

    def spool_a_day(self) -> set[Key]:
        """The readings that the agent's own buffer takes in a day without the cloud."""
        first_ms = now_ms() - DAY_MS
        with closing(ReadingStore(self.directory.buffer_path)) as buffer:
            for start in range(0, DAY_MS, STEP_MS * 300):
                moments = range(first_ms + start, first_ms + start + STEP_MS * 300, STEP_MS)
                buffer.add([Measurement(c, at, 230.1, 0.4013, 92.34) for at in moments for c in range(1, PORTS + 1)])
            assert buffer.total() == DAY_READINGS
        self.weigh()
        return {(f"port-{c}", first_ms + at) for at in range(0, DAY_MS, STEP_MS) for c in range(1, PORTS + 1)}

    def start(self) -> None:
        backlog_seconds = 0.0 if IS_REAL else BACKLOG_SECONDS
        arguments = [self.cloud.url, str(self.directory.path), str(backlog_seconds), "0.5"]
        runner = str(Path(__file__).with_name("outage_agent.py"))
        self.processes.append(subprocess.Popen([sys.executable, runner, *arguments], stdout=subprocess.DEVNULL))

    def weigh(self) -> None:
        """Note memory and disk."""
        for process in self.processes[-1:]:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    self.memory_kb = max(self.memory_kb, int(line.split()[1]))
        files = self.directory.path.glob("spool.sqlite*")
        self.spool_bytes = max(self.spool_bytes, sum(file.stat().st_size for file in files))

    def kill(self) -> None:
        self.weigh()
        self.processes[-1].kill()
        self.processes[-1].wait()

    def end(self) -> None:
        self.weigh()
        self.processes[-1].terminate()
        assert self.processes[-1].wait(30) == 0

    def measured(self) -> set[Key]:
        """The readings that the agents measured and buffered."""
        lines = [line.split() for line in (self.directory.path / "measured").read_text().splitlines()]
        return {(port_id, int(at_ms)) for port_id, at_ms in lines}

    def left(self) -> int:
        with closing(ReadingStore(self.directory.buffer_path)) as buffer:
            return buffer.total()


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Pi]:
    cloud, directory = FakeCloud(), DataDirectory(tmp_path / "home")
    for channel in range(1, PORTS + 1):
        cloud.add_port(channel)
    directory.save_key("key-1")
    pi = Pi(cloud, directory)
    yield pi
    for process in pi.processes:
        process.kill()
        process.wait()
    cloud.close()
    assert cloud.complaints == []


def sent(cloud: FakeCloud) -> list[Key]:
    """Every reading as often as it went out under another batch id."""
    return [(each["portId"], each["timestampMs"]) for batch in cloud.batches.values() for each in batch]


def check_nothing_lost_or_doubled(pi: Pi, day: set[Key]) -> None:
    for process in pi.processes:
        assert process.poll() is not None
    waiting = pi.left()
    stored = pi.cloud.stored.keys()
    assert day <= stored, "the day is not all there"
    missing = [(port_id, at) for port_id, at in pi.measured() if not {(port_id, at + d) for d in SCALES_MS} & stored]
    assert len(missing) <= waiting, f"{len(missing)} lost"
    assert max(Counter(sent(pi.cloud)).values()) == 1, "a reading went out in two batches"
    assert all(readings == pi.cloud.batches[batch_id] for batch_id, readings in pi.cloud.attempts)
    print(f"\nmemory {pi.memory_kb} kB, buffer {pi.spool_bytes} bytes, batches {len(pi.cloud.batches)}")  # noqa: T201 - figures
    assert pi.memory_kb < MOST_MEMORY_KB
    assert pi.spool_bytes < MOST_SPOOL_BYTES


def wait_for_the_day(pi: Pi, day: set[Key]) -> None:
    """Until the cloud has all of it; counted first, which costs less."""
    stored = pi.cloud.stored
    eventually(lambda: len(stored) >= len(day) and day <= stored.keys(), "the day has drained", DRAIN_SECONDS)


def is_live(batch: list[dict[str, int]], outage_end_ms: int) -> bool:
    return any(reading["timestampMs"] > outage_end_ms for reading in batch)


def test_a_day_without_the_cloud_drains_beside_the_present_and_nothing_is_lost(pi: Pi) -> None:
    day = pi.spool_a_day()
    outage_end_ms = max(at_ms for _, at_ms in day)
    for _ in range(2):
        pi.cloud.fail("/device/heartbeat", 503)
    pi.start()
    started = time.monotonic()
    wait_for_the_day(pi, day)
    drained_seconds = time.monotonic() - started
    pi.end()

    attempts = [batch for _, batch in pi.cloud.attempts]
    assert is_live(attempts[0], outage_end_ms), "the present comes first"
    live = [number for number, batch in enumerate(attempts) if is_live(batch, outage_end_ms)]
    quarters = Counter(4 * number // len(attempts) for number in live)
    assert set(quarters) == {0, 1, 2, 3}, "and goes on beside the past"
    arrived = [at for path, at in pi.cloud.calls if path == "/sensor/readings"]
    backlog = [at for number, at in enumerate(arrived) if number not in set(live)]
    assert backlog[-1] - backlog[0] >= BACKLOG_SECONDS * (len(backlog) - 2), "the past keeps the pace"
    print(f"\ndrained in {drained_seconds:.0f} s, {len(live)} live of {len(attempts)} batches")  # noqa: T201 - figures
    check_nothing_lost_or_doubled(pi, day)


def test_killed_twenty_times_amid_the_drain_nothing_is_lost_or_doubled(pi: Pi) -> None:
    day, chance = pi.spool_a_day(), random.Random(20)  # noqa: S311 - no secret
    for _ in range(KILLS):
        before = len(pi.cloud.attempts)
        pi.start()
        eventually(lambda before=before: len(pi.cloud.attempts) > before, "it sends")  # type: ignore[misc]  # bound at once
        time.sleep(chance.uniform(0.0, 0.4))  # the moment of the kill: any
        pi.kill()
    assert not day <= pi.cloud.stored.keys(), "the kills came too late to test anything"
    pi.start()
    wait_for_the_day(pi, day)
    pi.end()

    print(f"\nresent {len(pi.cloud.attempts) - len(pi.cloud.batches)} of {len(pi.cloud.batches)} batches")  # noqa: T201 - figures
    check_nothing_lost_or_doubled(pi, day)
