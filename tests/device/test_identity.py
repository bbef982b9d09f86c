from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory, DirectoryInUse
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.identity import BadIdentity, device_id, new_device_id, repair

from .conftest import RecordedLog


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    first = device_id(DataDirectory(tmp_path))
    assert re.fullmatch(r"GW-[0-9a-f]{16}", first)
    assert device_id(DataDirectory(tmp_path)) == first


def test_two_devices_with_the_same_mac_and_name_differ(tmp_path: Path) -> None:
    assert device_id(DataDirectory(tmp_path / "a")) != device_id(DataDirectory(tmp_path / "b"))


def test_a_new_identity_takes_the_place_of_the_old(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    old = device_id(directory)
    assert new_device_id(directory) == device_id(directory) != old


def test_a_damaged_identity_is_an_error_and_not_a_new_device(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.identity_path.write_text('{"deviceId"')
    with pytest.raises(BadIdentity, match="damaged"):
        device_id(directory)


@pytest.mark.parametrize("content", ["", "[]", "null", '{"deviceId": 7}', '{"deviceId": "x y"}', '{"deviceId"', "\0\0"])
def test_a_damaged_identity_is_known_from_the_key_and_written_anew(
    tmp_path: Path, log: RecordedLog, content: str
) -> None:
    directory = DataDirectory(tmp_path)
    directory.save_key("gwk.GW-0123456789abcdef.secret")
    directory.identity_path.write_text(content)
    assert device_id(directory) == "GW-0123456789abcdef"
    repair(directory, Disk(log))
    repair(directory, Disk(log))
    assert [event["path"] for event in log.of("file_damaged")] == [str(directory.identity_path)]
    assert json.loads(directory.identity_path.read_text()) == {"deviceId": "GW-0123456789abcdef"}
    assert (tmp_path / "device_identity.json-damaged-1").read_text() == content


def test_identity_key_and_spool_are_for_their_owner_only(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "new")
    device_id(directory)
    directory.save_key("secret")
    ReadingStore(directory.buffer_path).close()
    assert mode(directory.path) == 0o700
    assert {mode(path) for path in (directory.identity_path, directory.key_path, directory.buffer_path)} == {0o600}
    assert "randomPart" in json.loads(directory.identity_path.read_text())


def test_saving_a_key_leaves_nothing_else_behind(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.save_key("one")
    directory.save_key("two")
    assert directory.read_key() == "two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api_key", "spool_owner"]


def test_forgetting_the_owner_removes_key_readings_and_relay_memory(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.save_key("secret")
    ReadingStore(directory.buffer_path).close()
    directory.outlets_path.write_text("{}")
    directory.forget_owner()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_has_one_agent_at_a_time(tmp_path: Path) -> None:
    with DataDirectory(tmp_path).lock(), pytest.raises(DirectoryInUse, match="another"), DataDirectory(tmp_path).lock():
        pass
    with DataDirectory(tmp_path).lock():
        pass
