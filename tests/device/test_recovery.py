from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.measurement import Measurement

PAGE = 4096
MANY = 5000
WRITER = """
import sys, pathlib
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.buffer.store import ReadingStore
store = ReadingStore(pathlib.Path(sys.argv[1]))
n = 0
while True:
    n += 1
    store.add([Measurement(1, n, 230.0, 0.1, 1.0)])
    print(n, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


def fill(path: Path, count: int = MANY) -> None:
    with closing(ReadingStore(path)) as store:
        store.add([Measurement(1, n, 230.1, 0.4, 92.03) for n in range(1, count + 1)])


def damage(path: Path, *pages: int) -> None:
    """Overwrite pages with noise, as a card does that forgets."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(b"\xa5" * PAGE)


def test_a_sound_file_is_left_as_it_is(path: Path) -> None:
    fill(path)
    with closing(ReadingStore(path)) as store:
        assert store.recovery is None
        assert store.total() == MANY


def test_of_a_damaged_file_all_but_the_damaged_pages_is_saved_and_the_file_is_kept(path: Path) -> None:
    fill(path)
    damage(path, 20, 45)
    with closing(ReadingStore(path)) as store:
        recovery = store.recovery
        assert recovery
        assert MANY - 2 * PAGE // 20 < store.total() == recovery.saved < MANY
        assert recovery.unreadable > 0
        assert recovery.path.name == "spool.sqlite-damaged-1"
        assert recovery.path.stat().st_mode & 0o777 == path.stat().st_mode & 0o777 == 0o600
    with closing(ReadingStore(path)) as again:
        assert again.recovery is None
        assert again.total() == recovery.saved


def test_a_batch_stays_fixed_through_the_mending_of_a_page_elsewhere(path: Path) -> None:
    with closing(ReadingStore(path)) as store:
        store.add([Measurement(1, n, 230.1, 0.4, 92.03) for n in range(1, MANY)])
        before = store.next_batch({1: "port-1"})
    assert before
    damage(path, 60)
    with closing(ReadingStore(path)) as store:
        assert store.recovery
        assert store.next_batch({1: "port-1"}) == before


def test_a_file_that_is_no_spool_at_all_is_put_aside_and_a_new_one_made(path: Path) -> None:
    path.write_bytes(b"\x00\xffnothing that SQLite knows" * 1000)
    with closing(ReadingStore(path)) as store:
        assert store.recovery
        assert store.recovery.saved == 0
        assert store.add([Measurement(1, 1, 230.0, 0.1, 1.0)]) == 0
    path.write_bytes(b"and once more" * 1000)
    with closing(ReadingStore(path)) as store:
        assert store.recovery
        assert store.recovery.path.name == "spool.sqlite-damaged-2"


def test_a_power_cut_amid_the_rescue_loses_nothing(path: Path) -> None:
    fill(path)
    rescued = path.with_name("spool.sqlite-rescued")
    path.rename(rescued)  # the damaged file was put aside; then the power went
    with closing(ReadingStore(path)) as store:
        assert store.total() == MANY
    rescued.write_bytes(b"half a copy")  # or it went amid the copy
    damage(path, 20)
    with closing(ReadingStore(path)) as store:
        assert store.total() > MANY // 2
    assert not rescued.exists()


def test_a_torn_write_costs_no_reading_that_was_spooled(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines = [int(process.stdout.readline()) for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    lines += [int(line) for line in process.communicate()[0].splitlines() if line]
    wal = path.with_name("spool.sqlite-wal")
    with wal.open("ab") as file:
        file.write(os.urandom(PAGE // 2))  # the write that the power cut tore
    with closing(ReadingStore(path)) as store:
        assert store.recovery is None
        assert store.total() in (lines[-1], lines[-1] + 1)


def test_a_spool_of_version_0_1_0_is_taken_over(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE readings (id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,"
            " voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL, batch_id TEXT, port_id TEXT)"
        )
        db.execute("INSERT INTO readings VALUES (1, 1, 1000, 230.0, 0.1, 5.0, NULL, NULL)")
    with closing(ReadingStore(path)) as store:
        batch = store.next_batch({1: "port-1"})
    assert batch
    assert [reading.timestamp_ms for reading in batch.readings] == [1000]


def test_a_disk_that_cannot_be_written_is_no_damage(path: Path) -> None:
    fill(path, 10)
    path.with_name("spool.sqlite-wal").unlink(missing_ok=True)
    path.with_name("spool.sqlite-wal").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        ReadingStore(path)
    assert not list(path.parent.glob("*damaged*"))
