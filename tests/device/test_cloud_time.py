"""Time on a Pi that boots in the past or the future: simulated boots, the agent's real buffer, uploader and HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from ghostwatt_pi.agent.uploader import Uploader
from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.buffer.store import MAX_IN_ORDER, ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.cloud_time import ROUNDING_MS, Clock, Timer, start_timer
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.schemas import ReadingResult
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import RecordedLog
from .fake_cloud import FakeCloud

TRUE_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
PORTS = {1: "port-1"}
BOTH = {1: "port-1", 2: "port-2"}


@dataclass
class World:
    """The true time, and a Pi whose wall clock is off by `wall_error_ms`. Watts tell readings apart."""

    cloud: FakeCloud
    folder: Path
    wall_error_ms: int
    now_ms: int = TRUE_MS
    booted_ms: int = TRUE_MS
    boot_clock: int = 0
    truth: dict[float, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cloud.now_ms = lambda: self.now_ms
        self.store: ReadingStore | None = None
        self.reboot()

    def reboot(self, off_ms: int = 0, wall_error_ms: int | None = None) -> None:
        """The power goes, and comes back after `off_ms`."""
        self.now_ms += off_ms
        self.booted_ms, self.boot_clock = self.now_ms - 20_000, self.boot_clock + 1
        if wall_error_ms is not None:
            self.wall_error_ms = wall_error_ms
        self.restart()

    def restart(self) -> None:
        """The process is killed and starts again."""
        if self.store:
            self.store.close()
        self.timer: Timer = start_timer(
            f"boot-{self.boot_clock}", lambda: self.now_ms - self.booted_ms, lambda: self.now_ms + self.wall_error_ms
        )
        self.clock = Clock(self.timer)
        self.store = ReadingStore(self.folder / "spool.sqlite", timer=self.timer)
        self.store.resume(self.clock)

    def measure(self, seconds: int, step_seconds: int = 60) -> None:
        """A reading a minute; the agent's loop turns beside it."""
        assert self.store
        for _ in range(0, seconds, step_seconds):
            self.now_ms += step_seconds * 1000
            watts = float(len(self.truth))
            self.truth[watts] = self.now_ms
            self.store.add([Measurement(1, self.timer.now_ms(), 230.0, 0.1, watts)])
            self.clock.follow_wall()
            self.store.follow(self.clock)

    def meet(self) -> int:
        """The cloud answers a heartbeat; how many readings could be dated only by guess."""
        assert self.store
        with HttpClient(self.cloud.url, self.clock) as client:
            client.heartbeat("key-1", [])
        return self.store.follow(self.clock)

    def send_all(self) -> None:
        assert self.store
        with HttpClient(self.cloud.url, self.clock) as client:
            uploader = Uploader(client, self.store, RecordedLog())
            while not self.store.is_clear(PORTS):
                uploader.send("key-1", PORTS, live=False)

    def errors_ms(self) -> list[int]:
        """How far each reading's stamp in the cloud is from the truth. Fails when one is missing or corrected twice."""
        for sent_at_ms in self.cloud.sent_at_ms:
            assert abs(sent_at_ms - self.now_ms) < 30_000, "the cloud would rebase what is corrected already"
        stamps = {reading["power"]: reading["timestampMs"] for reading in self.cloud.stored.values()}
        assert stamps.keys() == self.truth.keys()
        return [abs(stamps[watts] - true_ms) for watts, true_ms in self.truth.items()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


YEARS_MS = 40 * 365 * 24 * HOUR_MS


@pytest.mark.parametrize(
    "wall_error_ms", [-TRUE_MS, -HOUR_MS, 0, 1500, YEARS_MS], ids=["1970", "slow", "right", "1.5 s", "future"]
)
def test_an_hour_without_cloud_on_a_wrong_clock_ends_at_its_true_time(
    cloud: FakeCloud, folder: Path, wall_error_ms: int
) -> None:
    world = World(cloud, folder, wall_error_ms)
    world.measure(3600)
    assert world.meet() == 0
    world.measure(600)
    world.send_all()
    assert max(world.errors_ms()) <= 2


def test_a_clock_that_ntp_steps_amid_the_hour_spoils_nothing(cloud: FakeCloud, folder: Path) -> None:
    world = World(cloud, folder, -TRUE_MS)
    world.measure(1800)
    world.wall_error_ms = 0
    world.measure(1800)
    world.meet()
    world.measure(600)
    world.wall_error_ms = HOUR_MS
    world.measure(600)
    world.send_all()
    assert max(world.errors_ms()) <= 2


def test_a_kill_while_uncorrected_readings_wait_spoils_nothing(cloud: FakeCloud, folder: Path) -> None:
    world = World(cloud, folder, -TRUE_MS)
    world.measure(1800)
    world.wall_error_ms = -HOUR_MS  # set by hand, wrongly, between two processes of one boot
    world.restart()
    world.measure(1800)
    world.meet()
    world.send_all()
    assert max(world.errors_ms()) <= 2


def test_readings_of_a_boot_that_knew_the_time_are_exact_after_the_next_boot_in_1970(
    cloud: FakeCloud, folder: Path
) -> None:
    world = World(cloud, folder, -TRUE_MS)
    world.meet()
    world.measure(3600)
    world.reboot(HOUR_MS, -TRUE_MS - HOUR_MS)
    world.measure(600)
    assert world.meet() == 0
    world.send_all()
    assert max(world.errors_ms()) <= 2


def test_a_right_clock_is_believed_for_a_boot_that_never_met_the_cloud(cloud: FakeCloud, folder: Path) -> None:
    world = World(cloud, folder, -TRUE_MS)
    world.measure(600)
    world.wall_error_ms = 0  # NTP
    world.measure(3600)
    world.reboot(HOUR_MS, -TRUE_MS)
    world.measure(600)
    assert world.meet() == 0
    world.send_all()
    assert max(world.errors_ms()) <= 2


@pytest.mark.parametrize("wall_error_ms", [-TRUE_MS, YEARS_MS])
def test_a_boot_that_nobody_told_the_time_is_placed_before_the_next_and_that_is_told(
    cloud: FakeCloud, folder: Path, wall_error_ms: int
) -> None:
    off_ms = 60_000
    world = World(cloud, folder, wall_error_ms)
    world.measure(600)
    world.reboot(off_ms, wall_error_ms)
    world.measure(600)
    assert world.meet() == 10
    world.send_all()
    assert max(world.errors_ms()) <= off_ms


def test_a_fixed_batch_is_never_stamped_again(cloud: FakeCloud, folder: Path) -> None:
    world = World(cloud, folder, -TRUE_MS)
    world.measure(600)
    world.meet()
    assert world.store
    before = world.store.next_batch(PORTS)
    world.reboot(HOUR_MS, YEARS_MS)
    world.meet()
    assert world.store.next_batch(PORTS) == before
    assert before
    world.store.release(before)
    after = world.store.next_batch(PORTS)
    assert after
    assert after.readings == before.readings
    world.send_all()
    assert max(world.errors_ms()) <= 2


def test_a_slow_answer_moves_a_right_clock_by_nothing() -> None:
    clock = Clock(Timer("boot", TRUE_MS, lambda: 0, lambda: TRUE_MS))
    clock.learn(TRUE_MS + 29_000, 0, 30_000)
    assert clock.correction_ms == 0


@given(
    error_ms=st.integers(-TRUE_MS, TRUE_MS),
    answers=st.lists(st.tuples(st.integers(0, 30_000), st.floats(0, 1)), min_size=1, max_size=8),
)
def test_the_clock_is_never_further_off_than_the_quickest_answer_took(
    error_ms: int, answers: list[tuple[int, float]]
) -> None:
    since_boot_ms = 0
    clock = Clock(Timer("boot", TRUE_MS + error_ms, lambda: since_boot_ms, lambda: TRUE_MS + error_ms + since_boot_ms))
    for took_ms, part in answers:
        called_ms, since_boot_ms = since_boot_ms, since_boot_ms + took_ms
        clock.learn(TRUE_MS + called_ms + int(took_ms * part), called_ms, since_boot_ms)
    assert abs(clock.offset_ms - TRUE_MS) <= min(took_ms for took_ms, _ in answers) + ROUNDING_MS


class TwoChannels:
    """A buffer whose readings are measured a second apart, and sent as the clock has it then."""

    def __init__(self, path: Path) -> None:
        self.path, self.measured, self.sent = path, 0, dict[float, int]()
        self.timer = Timer("boot", TRUE_MS, lambda: 0, lambda: TRUE_MS)
        self.clock, self.store = Clock(self.timer), ReadingStore(path, timer=self.timer)

    def measure(self, count: int) -> None:
        stamps = range(self.measured + 1, self.measured + count + 1)
        self.store.add([Measurement(1 + n % 2, TRUE_MS + 1000 * n, 230.0, 0.1, float(n)) for n in stamps])
        self.measured += count

    def learn(self, error_ms: int) -> None:
        self.clock.resume(TRUE_MS + error_ms, is_known=True)
        self.store.follow(self.clock)

    def restart(self) -> None:
        self.store.close()
        self.store = ReadingStore(self.path, timer=self.timer)

    def release(self) -> None:
        if batch := self.store.next_batch(BOTH):
            self.store.release(batch)

    def send(self, batch: Batch | None) -> bool:
        if batch is None:
            return False
        self.sent.update({reading.power: reading.timestamp_ms for reading in batch.readings})
        self.store.acknowledge(batch, [ReadingResult(index, "stored") for index in range(len(batch.readings))])
        return True

    def stamps(self, channel: int) -> list[int]:
        return [self.sent[float(n)] for n in range(1, self.measured + 1) if 1 + n % 2 == channel]


STEPS: dict[str, Callable[[TwoChannels], object]] = {
    "restart": TwoChannels.restart,
    "release": TwoChannels.release,
    "outage": lambda world: world.measure(MAX_IN_ORDER),
    "live": lambda world: world.send(world.store.next_live_batch(BOTH, 50)),
    "backlog": lambda world: world.send(world.store.next_batch(BOTH, 50)),
}
LEARNED_MS = st.integers(-25_000, 25_000)
"""No call takes longer than 40 s, and a correction never goes past the true time: so no two differ by a minute."""


@settings(max_examples=25, deadline=None)  # each example is a file on disk
@given(steps=st.lists(st.one_of(LEARNED_MS, st.sampled_from(list(STEPS))), max_size=25))
def test_the_stamps_of_a_channel_strictly_increase_whatever_the_clock_learns(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int | str]
) -> None:
    world = TwoChannels(tmp_path_factory.mktemp("spool") / "spool.sqlite")
    for step in steps:
        world.measure(7)
        if isinstance(step, int):
            world.learn(step)
        else:
            STEPS[step](world)
    while world.send(world.store.next_batch(BOTH)):
        pass
    world.store.close()
    for channel in BOTH:
        assert all(earlier < later for earlier, later in pairwise(world.stamps(channel)))
