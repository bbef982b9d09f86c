"""The uploader with the agent's real buffer and real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.agent.uploader import MAX_ATTEMPTS, Uploader
from ghostwatt_pi.buffer.store import MAX_DEFERRED_BATCHES, ReadingStore
from ghostwatt_pi.cloud.errors import CloudAway, RateLimited
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.measurement import Measurement

from .conftest import RecordedLog
from .fake_cloud import FakeCloud

PORTS = {1: "port-1"}
STONE_MS = 1000


class Way:
    """A uploader on its way to a cloud that stumbles over each reading of `stones`."""

    def __init__(self, cloud: FakeCloud, buffer: ReadingStore, client: HttpClient) -> None:
        self.cloud, self.buffer, self.log = cloud, buffer, RecordedLog()
        self.stones = {STONE_MS}
        cloud.stumble = lambda reading: reading["timestampMs"] in self.stones
        self.uploader = Uploader(client, buffer, self.log)

    def measure(self, *stamps_ms: int) -> None:
        self.buffer.add([Measurement(1, at_ms, 230.0, 0.1, 23.0) for at_ms in stamps_ms])

    def send(self, *, live: bool = False) -> bool:
        """Whether the cloud was there."""
        try:
            self.uploader.send("key-1", PORTS, live=live)
        except CloudAway:
            return False
        return True

    def stored(self) -> list[int]:
        return sorted(at_ms for _, at_ms in self.cloud.stored)


@pytest.fixture
def way(cloud: FakeCloud, tmp_path: Path) -> Iterator[Way]:
    with closing(ReadingStore(tmp_path / "spool.sqlite")) as buffer, HttpClient(cloud.url) as client:
        yield Way(cloud, buffer, client)


def test_a_batch_over_which_the_cloud_stumbles_lets_the_others_pass_and_is_told_once(way: Way) -> None:
    way.measure(STONE_MS)
    assert [way.send() for _ in range(MAX_ATTEMPTS)] == [False] * (MAX_ATTEMPTS - 1) + [True]
    way.measure(2000, 3000)
    assert way.send()
    assert way.stored() == [2000, 3000]
    assert way.buffer.is_clear(PORTS)
    assert way.buffer.total() == 1
    assert len(way.log.of("set_behind")) == 1


def test_a_batch_set_behind_is_tried_again_the_same_as_ever_and_fails_in_silence(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostwatt_pi.agent.uploader.DEFERRED_SECONDS", 0.0)
    way.measure(STONE_MS, 1500)
    assert [way.send() for _ in range(MAX_ATTEMPTS + 1)][-2:] == [True, True]
    assert len(way.log.of("set_behind")) == 1
    way.stones.clear()
    assert way.send()
    assert way.stored() == [STONE_MS, 1500]
    assert len({batch_id for batch_id, _ in way.cloud.attempts}) == 1
    assert all(attempt == way.cloud.attempts[0] for attempt in way.cloud.attempts)


def test_a_restart_gives_a_batch_set_behind_its_turn(way: Way, tmp_path: Path) -> None:
    way.measure(STONE_MS)
    for _ in range(MAX_ATTEMPTS):
        way.send()
    way.buffer.close()
    with closing(ReadingStore(tmp_path / "spool.sqlite")) as again:
        batch = again.next_batch(PORTS)
    assert batch
    assert batch.batch_id == way.cloud.attempts[0][0]


def test_a_cloud_that_stumbles_over_everything_is_away(way: Way) -> None:
    for number in range(MAX_DEFERRED_BATCHES + 1):
        way.stones.add(number)
        way.measure(number)
        answers = [way.send() for _ in range(MAX_ATTEMPTS)]
    assert answers == [False] * MAX_ATTEMPTS


def test_a_batch_that_came_too_soon_keeps_its_turn_however_often_and_nothing_is_lost(way: Way) -> None:
    way.measure(1500, 2000)
    for _ in range(3 * MAX_ATTEMPTS):
        way.cloud.fail("/sensor/readings", 429, {"code": "too_many_requests"}, **{"Retry-After": "7"})
        with pytest.raises(RateLimited) as limited:
            way.uploader.send("key-1", PORTS, live=False)
        assert limited.value.retry_after_seconds == 7
    assert not way.log.of("set_behind")
    assert not way.uploader.acknowledged
    assert way.send()
    assert way.stored() == [1500, 2000]
