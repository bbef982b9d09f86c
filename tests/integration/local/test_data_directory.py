from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra.local.data_directory import locked, signing_secret, temporary
from infra.local.errors import StackError


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
