from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.home import Home
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.spool.owner import KeyReplaced, check_owner, claim_spool
from ghostwatt_pi.spool.spool import Spool

from .conftest import Told


def spool_one(home: Home) -> None:
    with closing(Spool(home.spool_path)) as spool:
        spool.add([Measurement(1, 1000, 230.0, 0.1, 23.0)])


def waiting(home: Home) -> int:
    with closing(Spool(home.spool_path)) as spool:
        return spool.total()


@pytest.fixture
def owned(tmp_path: Path, told: Told) -> Home:
    """A folder with a reading that waits under the key of now."""
    home = Home(tmp_path)
    home.save_key("first")
    claim_spool(home, told)
    spool_one(home)
    return home


def test_under_another_key_what_waits_is_put_aside_and_told(owned: Home, told: Told) -> None:
    owned.save_key("second")
    claim_spool(owned, told)
    assert waiting(owned) == 0
    aside = owned.former_dir / "1" / "spool.sqlite"
    assert told.of("set_aside") == [{"readings": 1, "path": str(aside.parent)}]
    with closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT count(*) FROM readings").fetchone() == (1,)


def test_the_same_key_and_one_that_keeps_the_readings_find_them_again(owned: Home, told: Told) -> None:
    claim_spool(owned, told)
    owned.save_key("second", keep_readings=True)
    check_owner(owned)
    claim_spool(owned, told)
    assert waiting(owned) == 1
    assert told.of("set_aside") == []


def test_a_spool_of_before_there_were_marks_belongs_to_the_key_that_is_there(owned: Home, told: Told) -> None:
    owned.owner_path.unlink()
    claim_spool(owned, told)
    assert waiting(owned) == 1
    owned.save_key("second")
    with pytest.raises(KeyReplaced):
        check_owner(owned)


def test_a_third_owner_puts_the_second_ones_readings_beside_the_firsts(owned: Home, told: Told) -> None:
    for key in ("second", "third"):
        owned.save_key(key)
        claim_spool(owned, told)
        spool_one(owned)
    assert sorted(path.name for path in owned.former_dir.iterdir()) == ["1", "2"]


def test_the_mark_does_not_show_the_key(owned: Home) -> None:
    assert "first" not in owned.owner_path.read_text()
