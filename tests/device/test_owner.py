from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.ownership import KeyReplaced, check_owner, take_ownership
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import FORMER_OWNER, DataDirectory
from ghostwatt_pi.measurement import Measurement

from .conftest import RecordedLog


def buffer_one(directory: DataDirectory) -> None:
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.add([Measurement(1, 1000, 230.0, 0.1, 23.0)])


def waiting(directory: DataDirectory) -> int:
    with closing(ReadingStore(directory.buffer_path)) as store:
        return store.total()


@pytest.fixture
def owned(tmp_path: Path, log: RecordedLog) -> DataDirectory:
    """A directory with a reading that waits under the key of an owner whose tag is `anna`."""
    directory = DataDirectory(tmp_path)
    directory.save_key("first", owner_tag="anna")
    take_ownership(directory, log)
    buffer_one(directory)
    return directory


def test_when_a_claim_shows_another_owner_the_readings_that_wait_are_dropped_and_counted(
    owned: DataDirectory, log: RecordedLog
) -> None:
    owned.save_key("second", owner_tag="bert")
    with pytest.raises(KeyReplaced):
        check_owner(owned)
    take_ownership(owned, log)
    check_owner(owned)
    assert log.of("former_dropped") == [{"readings": 1}]
    assert waiting(owned) == 0
    assert not owned.former_dir.exists()


def test_what_the_new_owner_measures_is_kept_when_he_claims_again(owned: DataDirectory, log: RecordedLog) -> None:
    for key in ("second", "third"):
        owned.save_key(key, owner_tag="bert")
        take_ownership(owned, log)
        buffer_one(owned)
    assert waiting(owned) == 2
    assert len(log.of("former_dropped")) == 1


@pytest.mark.parametrize("tag", ["anna", None])
def test_a_new_key_of_the_same_owner_or_of_nobody_knows_whom_drops_nothing(
    owned: DataDirectory, log: RecordedLog, tag: str | None
) -> None:
    owned.save_key("second", owner_tag=tag)
    check_owner(owned)
    take_ownership(owned, log)
    assert waiting(owned) == 1
    assert log.of("former_dropped") == []


def test_a_claim_after_one_without_a_tag_drops_nothing(owned: DataDirectory, log: RecordedLog) -> None:
    owned.save_key("second")
    owned.save_key("third", owner_tag="bert")
    take_ownership(owned, log)
    assert waiting(owned) == 1


def test_a_key_put_in_place_by_hand_begins_anew_and_drops_nothing(owned: DataDirectory, log: RecordedLog) -> None:
    owned.key_path.write_text("second\n")
    with pytest.raises(KeyReplaced):
        check_owner(owned)
    take_ownership(owned, log)
    check_owner(owned)
    owned.save_key("third", owner_tag="bert")
    take_ownership(owned, log)
    assert waiting(owned) == 1


def test_a_claim_that_keeps_the_readings_keeps_them_also_under_another_owner(
    owned: DataDirectory, log: RecordedLog
) -> None:
    owned.save_key("second", owner_tag="bert", keep_readings=True)
    check_owner(owned)
    take_ownership(owned, log)
    assert waiting(owned) == 1


def test_readings_of_a_former_owner_are_dropped_though_the_next_key_comes_before_the_agent_starts(
    owned: DataDirectory, log: RecordedLog
) -> None:
    owned.save_key("second", owner_tag="bert")
    owned.save_key("third", owner_tag="bert")
    take_ownership(owned, log)
    assert waiting(owned) == 0


def test_a_damaged_key_drops_nothing_until_another_person_claims(owned: DataDirectory, log: RecordedLog) -> None:
    owned.key_path.write_bytes(b"")
    take_ownership(owned, log)
    assert waiting(owned) == 1
    owned.save_key("second", owner_tag="bert")
    take_ownership(owned, log)
    assert waiting(owned) == 0


def test_a_damaged_tag_drops_nothing(owned: DataDirectory, log: RecordedLog) -> None:
    owned.owner_tag_path.write_bytes(b"\xff\0")
    owned.save_key("second", owner_tag="bert")
    take_ownership(owned, log)
    assert waiting(owned) == 1


def test_a_buffer_that_cannot_be_read_is_dropped_too(owned: DataDirectory, log: RecordedLog) -> None:
    owned.buffer_path.write_bytes(b"no database at all")
    owned.save_key("second", owner_tag="bert")
    take_ownership(owned, log)
    assert log.of("former_dropped") == [{"readings": 0}]
    assert not owned.buffer_files()


def test_a_power_cut_before_the_readings_were_removed_leaves_them_to_the_next_start(
    owned: DataDirectory, log: RecordedLog
) -> None:
    owned.owner_path.write_text(FORMER_OWNER + "\n")  # the key of before is still there
    take_ownership(owned, log)
    assert waiting(owned) == 0
    assert owned.read_key() == "first"


def test_readings_of_before_there_were_marks_belong_to_the_key_that_is_there(
    owned: DataDirectory, log: RecordedLog
) -> None:
    owned.owner_path.unlink()
    take_ownership(owned, log)
    assert waiting(owned) == 1
    owned.key_path.write_text("second\n")
    with pytest.raises(KeyReplaced):
        check_owner(owned)


def test_the_mark_does_not_show_the_key(owned: DataDirectory) -> None:
    assert "first" not in owned.owner_path.read_text()
