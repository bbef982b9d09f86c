"""Parts that the agent's tests share."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.agent.agent import Agent, RunSummary
from ghostwatt_pi.buffer.ownership import take_ownership
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets.relays import SimulatedRelays

from .fake_cloud import FakeCloud
from .processes import Started

FAST = 20


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition holds; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about in time"
        time.sleep(0.01)


class RecordedLog(list[tuple[str, dict[str, object]]]):
    """An EventLog that keeps its events, as (name, fields)."""

    def __call__(self, event: str, **fields: object) -> None:
        self.append((event, fields))

    def of(self, event: str) -> list[dict[str, object]]:
        """The fields of every such event."""
        return [fields for name, fields in self if name == event]


class ScriptedMeter:
    """A meter that measures what the test says; `end` lets it run out."""

    def __init__(self) -> None:
        self.relays = SimulatedRelays()
        self._coming: queue.Queue[list[Measurement] | None] = queue.Queue()

    def say(self, *measurements: Measurement) -> None:
        self._coming.put(list(measurements))

    def end(self) -> None:
        self._coming.put(None)

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        while not stop.is_set():
            try:
                measurements = self._coming.get(timeout=0.05)
            except queue.Empty:
                continue
            if measurements is None:
                return
            yield measurements


class RunningAgent:
    """An agent in its own thread."""

    def __init__(self, directory: DataDirectory, cloud: FakeCloud, meter: Meter, log: RecordedLog) -> None:
        self._stop = threading.Event()
        self._directory, self._url, self._meter, self._log = directory, cloud.url, meter, log
        self.summary: RunSummary | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with HttpClient(self._url) as cloud, closing(ReadingStore(self._directory.buffer_path)) as buffer:
                self.summary = Agent(self._directory, cloud, buffer, self._meter, self._log, self._stop).run()
        except OSError as error:
            self.error = error

    def wait(self, seconds: float = 60.0) -> RunSummary | None:
        self._thread.join(seconds)
        assert not self._thread.is_alive()
        return self.summary

    def stop(self) -> None:
        self._stop.set()
        self.wait()


StartAgent = Callable[[Meter], RunningAgent]


def fill_buffer(directory: DataDirectory, readings: int) -> None:
    """Put readings of channel 1 into the buffer, one in two seconds up to now."""
    take_ownership(directory, RecordedLog())
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.add([Measurement(1, now_ms() - 2000 * back, 230.0, 0.1, 23.0) for back in range(readings, 0, -1)])


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """A cloud with one port on channel 1; every request to it must keep the contract."""
    fake = FakeCloud()
    fake.add_port(1)
    yield fake
    fake.close()
    assert fake.complaints == []


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """A paired agent's folder."""
    made = DataDirectory(tmp_path / "home")
    made.save_key("key-1")
    return made


@pytest.fixture
def log() -> RecordedLog:
    """The events that were logged."""
    return RecordedLog()


@pytest.fixture
def start_agent(directory: DataDirectory, cloud: FakeCloud, log: RecordedLog) -> Iterator[StartAgent]:
    """Starts agents that are stopped at the test's end."""
    started: list[RunningAgent] = []

    def start(meter: Meter) -> RunningAgent:
        started.append(RunningAgent(directory, cloud, meter, log))
        return started[-1]

    yield start
    for agent in started:
        agent.stop()


@pytest.fixture
def pi(cloud: FakeCloud, directory: DataDirectory) -> Iterator[Started]:
    """Commands on the paired folder, ended at the test's end."""
    started = Started(cloud, directory.path)
    yield started
    started.kill()


@pytest.fixture
def fast_pi(cloud: FakeCloud, directory: DataDirectory) -> Iterator[Started]:
    """The same with a clock that runs twenty times as fast, and a cloud whose intervals last as long as ever."""
    cloud.interval_seconds *= FAST
    cloud.heartbeat_seconds *= FAST
    started = Started(cloud, directory.path, FAST)
    yield started
    started.kill()
