from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from infra.local.errors import StackError
from infra.local.runner.data_directory import locked, signing_secret, temporary


def test_a_second_stack_on_the_same_data_is_refused_and_told_why(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StackError, match="in use by another stack"), locked(tmp_path):
        pytest.fail("both hold the directory")


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with locked(tmp_path) as directory:
        assert directory == tmp_path


def test_the_signing_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = signing_secret(tmp_path)

    assert len(bytes.fromhex(secret)) == 32
    assert signing_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / "jwt_secret").stat().st_mode) == 0o600


def test_two_directories_have_two_secrets(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()

    assert signing_secret(one) != signing_secret(other)


def test_what_a_killed_stack_left_under_way_is_deleted(tmp_path: Path) -> None:
    (temporary(tmp_path) / "ghostwatt-export-1" / "readings").mkdir(parents=True)

    assert list(temporary(tmp_path).iterdir()) == []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_stood_open_and_its_files_become_the_owners_alone_and_one_line_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours = ["database.sqlite", "database.sqlite-wal", "database.log", "jwt_secret", "dead-letters.jsonl"]
    ours += ["checkpoint-ghostwatt-local-readings.json", "mail/1.eml", "exports/0/1.zip"]
    for name in [*ours, "holiday.jpg"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o666)
    for folder in (tmp_path, tmp_path / "mail", tmp_path / "exports", tmp_path / "exports" / "0"):
        folder.chmod(0o755)

    with locked(tmp_path):
        pass

    assert {name: mode(tmp_path / name) for name in ours} == dict.fromkeys(ours, 0o600)
    assert {mode(tmp_path / name) for name in ("", "mail", "exports", "exports/0")} == {0o700}
    assert mode(tmp_path / "holiday.jpg") == 0o666, "what is not ours is left alone"
    (line,) = (record.getMessage() for record in caplog.records)
    assert str(tmp_path) in line
    assert "12 files and folders" in line

    caplog.clear()
    with locked(tmp_path):
        pass
    assert not caplog.records


def test_what_is_written_meanwhile_is_the_owners_alone(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "home") as directory:
        (directory / "mail").mkdir()
        (directory / "mail" / "1.eml").write_text("to you")

    assert mode(directory) == 0o700
    assert mode(directory / "mail") == 0o700
    assert mode(directory / "mail" / "1.eml") == 0o600


def test_a_link_is_not_followed_to_what_lies_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "database.log").symlink_to(elsewhere)

    with locked(tmp_path / "data"):
        pass

    assert mode(elsewhere) == 0o644


def test_a_folder_that_all_users_share_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    with pytest.raises(StackError, match="all users share"), locked(tmp_path):
        pytest.fail("it was taken")

    assert mode(tmp_path) == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["", "database.sqlite", "mail"])
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "database.sqlite").touch()
    os.chown(tmp_path / name, 65_534, 65_534)

    with pytest.raises(StackError, match="belongs to another user"), locked(tmp_path):
        pytest.fail("it was taken")
