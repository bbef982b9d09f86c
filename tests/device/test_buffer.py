"""The agent on a disk that cannot be written: a real small file system, or the buffer's own failures."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from ghostwatt_pi.buffer import buffer
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.schemas import ReadingResult

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event

PORTS = {1: "port-1"}
SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


def readings(count: int, first: int = 1) -> list[Measurement]:
    return [Measurement(1, now_ms() - 3_600_000 + 1000 * n, 230.0, 0.1, 5.0) for n in range(first, first + count)]


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    path = folder / "fill"
    try:
        with path.open("ab", buffering=0) as file:
            for size in (65_536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
    except OSError:
        pass
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 700 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=700k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a full disk is not tried here: it needs root and mount")
    yield folder
    subprocess.run(["/usr/bin/umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_pi(small_disk: Path, cloud: FakeCloud) -> Iterator[Started]:
    """A paired agent's folder on it."""
    DataDirectory(small_disk / "pi").save_key("key-1")
    started = Started(cloud, small_disk / "pi")
    yield started
    started.kill()


def test_an_agent_whose_disk_gets_full_goes_on_and_loses_nothing(
    cloud: FakeCloud, small_pi: Started, small_disk: Path
) -> None:
    agent = small_pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    fill(small_disk)
    event = next_event(agent, "disk_full")
    assert str(small_pi.folder) in str(event["path"])
    before = len(cloud.stored)
    until(lambda: len(cloud.stored) > before + 30)
    cloud.command(1, "off", 2)
    until(lambda: {"portId": "port-1", "state": "off", "version": 2} in cloud.reports)
    stamps = sorted(at_ms for _, at_ms in cloud.stored)
    assert max(b - a for a, b in pairwise(stamps)) < 3000, "a hole in the readings"
    code, out = small_pi.ask("status", "--json")
    assert (code, "cannot be written" in str(json.loads(out)["troubles"])) == (4, True)
    code, out = small_pi.ask("doctor", "--json", "--serial", "/dev/null")
    (disk,) = (each for each in json.loads(out)["findings"] if each["name"] == "disk" and each["state"] == "fail")
    assert "make room" in disk["mend"]
    agent.send_signal(signal.SIGTERM)
    names = [event["event"] for event in events(agent)]
    assert names.count("disk_full") == 0, "the same trouble is logged twice"
    assert agent.returncode == 0


def test_an_agent_starts_and_drains_on_a_full_disk(cloud: FakeCloud, small_pi: Started, small_disk: Path) -> None:
    directory = DataDirectory(small_pi.folder)
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add(readings(1500))
    small_pi.ask("status")
    fill(small_disk)
    agent = small_pi.start(*SIMULATE)
    next_event(agent, "disk_full")
    until(lambda: len(cloud.stored) > 1600)
    sent = [(r["portId"], r["timestampMs"]) for batch in cloud.batches.values() for r in batch]
    assert len(sent) == len(set(sent))


def test_the_backlog_is_sent_from_a_full_disk(cloud: FakeCloud, small_pi: Started, small_disk: Path) -> None:
    directory = DataDirectory(small_pi.folder)
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add(readings(268))
    small_pi.ask("status")
    fill(small_disk)
    assert json.loads(small_pi.ask("backlog", "--json")[1])["readings"] == 268
    code, out = small_pi.ask("backlog", "--send")
    assert (code, len(cloud.stored)) == (0, 268), out + small_pi.said
    assert json.loads(small_pi.ask("backlog", "--json")[1])["readings"] == 0
    (small_disk / "fill").unlink()
    assert small_pi.ask("backlog", "--send")[0] == 0


def test_when_there_is_room_again_the_spool_is_on_the_disk_again(
    cloud: FakeCloud, small_pi: Started, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RecordedLog()
    monkeypatch.setattr(buffer, "FIRST_RETURN_SECONDS", 0.0)
    monkeypatch.setattr(buffer, "ROOM_BYTES", 100_000)
    path = small_pi.folder / "spool.sqlite"
    spooled = Buffer(path, Disk(log))
    for number in range(400):  # SQLite's log alone needs more than the disk has
        spooled.add(readings(1, number))
        if number == 20:
            full = fill(small_disk)
        if number == 300:
            full.unlink()
    assert [name for name, _ in log] == ["disk_full", "disk_works"]
    spooled.close()
    with closing(ReadingStore(path)) as after:
        assert after.total() == 400


@pytest.mark.parametrize("waiting", [0, 700])
def test_a_read_only_disk_is_measured_and_sent_from(
    cloud: FakeCloud, small_pi: Started, small_disk: Path, waiting: int
) -> None:
    directory = DataDirectory(small_pi.folder)
    small_pi.ask("status")
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        if waiting:
            buffer.add(readings(waiting))
    subprocess.run(["/usr/bin/mount", "-o", "remount,ro", str(small_disk)], check=True)
    agent = small_pi.start(*SIMULATE)
    assert "ead-only" in str(next_event(agent, "disk_full")["error"])
    until(lambda: len(cloud.stored) > waiting + 10)
    code, out = small_pi.ask("doctor", "--serial", "/dev/null")
    assert (code, "read-only" in out) == (4, True)
    assert small_pi.ask("status")[0] == 4
    assert small_pi.ask("backlog")[0] == 0


def fail_disk(spooled: Buffer) -> None:
    """From now on SQLite says of this file that it cannot be written."""
    spooled._store._db.execute("PRAGMA query_only=ON")  # noqa: SLF001 - no other way to fail at will, without root


def test_what_waits_is_sent_from_memory_with_its_batches_as_they_were(tmp_path: Path) -> None:
    log = RecordedLog()
    spooled = Buffer(tmp_path / "spool.sqlite", Disk(log))
    spooled.add(readings(600))
    batch = spooled.next_batch(PORTS)
    assert batch
    fail_disk(spooled)
    spooled.add(readings(5, 601))
    assert len(log.of("disk_full")) == 1
    assert spooled.total() == 605
    assert spooled.next_batch(PORTS) == batch
    spooled.acknowledge(batch, [ReadingResult(index, "stored") for index in range(500)])
    assert spooled.total() == 105
    spooled.close()  # the disk can be written: what is left is put there
    assert len(log.of("disk_works")) == 1
    with closing(ReadingStore(tmp_path / "spool.sqlite")) as after:
        assert after.total() == 105


def test_the_memory_is_bounded_and_counts_what_it_drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "RING_READINGS", 50)
    spooled = Buffer(tmp_path / "spool.sqlite", Disk(RecordedLog()))
    spooled.add(readings(10))
    fail_disk(spooled)
    for number in range(10):
        spooled.add(readings(10, 11 + 10 * number))
    assert (spooled.total(), spooled.dropped()) == (60, 50)
    spooled.close()


def test_a_power_cut_amid_the_return_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    with closing(ReadingStore(path)) as buffer:
        buffer.add(readings(100))
    path.rename(path.with_name("spool.sqlite-rescued"))
    path.with_name("spool.sqlite-wal").write_bytes(b"the log of the old file")
    with closing(ReadingStore(path)) as buffer:
        assert (buffer.total(), buffer.recovery) == (100, None)


def test_a_reading_that_nobody_can_store_does_not_get_in(tmp_path: Path) -> None:
    with closing(ReadingStore(tmp_path / "spool.sqlite")) as buffer:
        for volts in (float("inf"), float("nan"), -1.0, 501.0):
            with pytest.raises(ValueError, match="not a measurement"):
                buffer.add([Measurement(1, 1000, volts, 0.1, 5.0)])
        assert buffer.total() == 0


@pytest.mark.parametrize("is_batched", [False, True])
def test_an_infinite_reading_of_an_earlier_version_is_put_aside_and_holds_up_no_other(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, is_batched: bool
) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add(readings(300))
        if is_batched:
            buffer.next_batch(PORTS)
    with closing(sqlite3.connect(directory.buffer_path)) as db, db:
        db.execute("UPDATE readings SET power = 9e999 WHERE id = 7")
        db.execute("UPDATE readings SET voltage = -9e999 WHERE id = 200")
    code, _ = pi.ask("backlog", "--send")
    assert (code, len(cloud.stored)) == (0, 298)
    shown = json.loads(pi.ask("backlog", "--json")[1])
    assert [(each["code"], each["readings"]) for each in shown["rejected"]] == [("not_a_number", 2)]


def test_two_threads_and_a_failing_disk_lose_no_reading(tmp_path: Path) -> None:
    script = f"""
import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.buffer import buffer
from ghostwatt_pi.event_log import discard_event
from ghostwatt_pi.schemas import ReadingResult
buffer.FIRST_RETURN_SECONDS = 0.0
spooled = buffer.Buffer(Path({str(tmp_path / "buffer.sqlite")!r}), Disk(discard_event))
sent = []
def drain():
    while len(sent) < 3000:
        if batch := spooled.next_batch({{1: "port-1"}}, 100):
            sent.extend(reading.timestamp_ms for reading in batch.readings)
            spooled.acknowledge(batch, [ReadingResult(i, "stored") for i in range(len(batch.readings))])
thread = threading.Thread(target=drain)
thread.start()
for number in range(1, 3001):
    if number % 500 == 0:
        store = spooled._store
        with store._lock:  # SQLite's connection is used by one thread at a time
            store._db.execute("PRAGMA query_only=ON")
    spooled.add([Measurement(1, number, 230.0, 0.1, 5.0)])
thread.join(60)
assert sorted(set(sent)) == list(range(1, 3001)), len(set(sent))
spooled.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
