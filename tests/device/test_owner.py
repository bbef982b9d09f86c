from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.ownership import KeyReplaced, check_owner, take_ownership
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement

from .conftest import Told


def spool_one(directory: DataDirectory) -> None:
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.add([Measurement(1, 1000, 230.0, 0.1, 23.0)])


def waiting(directory: DataDirectory) -> int:
    with closing(ReadingStore(directory.buffer_path)) as store:
        return store.total()


@pytest.fixture
def owned(tmp_path: Path, told: Told) -> DataDirectory:
    """A folder with a reading that waits under the key of now."""
    directory = DataDirectory(tmp_path)
    directory.save_key("first")
    take_ownership(directory, told)
    spool_one(directory)
    return directory


def test_under_another_key_what_waits_is_put_aside_and_told(owned: DataDirectory, told: Told) -> None:
    owned.save_key("second")
    take_ownership(owned, told)
    assert waiting(owned) == 0
    aside = owned.former_dir / "1" / "spool.sqlite"
    assert told.of("set_aside") == [{"readings": 1, "path": str(aside.parent)}]
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT count(*) FROM readings").fetchone() == (1,)


def test_the_same_key_and_one_that_keeps_the_readings_find_them_again(owned: DataDirectory, told: Told) -> None:
    take_ownership(owned, told)
    owned.save_key("second", keep_readings=True)
    check_owner(owned)
    take_ownership(owned, told)
    assert waiting(owned) == 1
    assert told.of("set_aside") == []


def test_a_spool_of_before_there_were_marks_belongs_to_the_key_that_is_there(owned: DataDirectory, told: Told) -> None:
    owned.owner_path.unlink()
    take_ownership(owned, told)
    assert waiting(owned) == 1
    owned.save_key("second")
    with pytest.raises(KeyReplaced):
        check_owner(owned)


def test_a_third_owner_puts_the_second_ones_readings_beside_the_firsts(owned: DataDirectory, told: Told) -> None:
    for key in ("second", "third"):
        owned.save_key(key)
        take_ownership(owned, told)
        spool_one(owned)
    assert sorted(path.name for path in owned.former_dir.iterdir()) == ["1", "2"]


def test_the_mark_does_not_show_the_key(owned: DataDirectory) -> None:
    assert "first" not in owned.owner_path.read_text()
