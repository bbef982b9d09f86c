"""`make backup` while the stack runs and `make restore`: one moment of the data, whole, and nothing overwritten."""

from __future__ import annotations

import io
import shutil
import stat
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.backup.archive import BackupError
from infra.backup.folder import back_up, restore
from infra.backup.folder_command import main
from infra.local.errors import StackError
from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import now_ms
from tests.integration.test_replay import Household

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    settings = {"TLS": "1", "HTTPS_PORT": "0", "MQTTS_PORT": "0"}
    with running_stack(tmp_path_factory.mktemp("stack") / "data", environment=settings) as running:
        yield running


@pytest.fixture(scope="module")
def home(stack: RunningStack) -> Household:
    return Household(stack.base_url)


@pytest.fixture(scope="module")
def saved(stack: RunningStack, home: Household, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the running stack, whose account has a device."""
    home.call("POST", "/device/register", {"deviceId": "GW-saved"})
    return back_up(stack.data_dir, tmp_path_factory.mktemp("backups") / "home.tar.gz", NOW).path


def test_a_backup_amid_writes_holds_all_that_was_acknowledged_before_and_starts(
    stack: RunningStack, home: Household, tmp_path: Path
) -> None:
    key = home.call("POST", "/device/register", {"deviceId": "GW-busy"})["apiKey"]
    port_id = home.call("POST", "/port", {"deviceId": "GW-busy", "name": "Lamp"})["portId"]
    stop, stored, failed = threading.Event(), list[int](), list[int]()

    def write() -> None:
        while not stop.is_set():
            at_ms = now_ms()
            reading = {"portId": port_id, "timestampMs": at_ms, "voltage": 230, "current": 0.1, "power": 23}
            answer = requests.post(
                f"{stack.base_url}/api/sensor/readings",
                json={"batchId": f"b{at_ms}", "sentAtMs": at_ms, "readings": [reading]},
                headers={"Authorization": f"Device {key}"},
                timeout=60,
            )
            (stored if answer.ok else failed).append(at_ms)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(stored) < 5:
            assert writer.is_alive()
            assert not failed
        before = list(stored)
        file = back_up(stack.data_dir, tmp_path / "busy.tar.gz", NOW).path
    finally:
        stop.set()
        writer.join()
    assert not failed
    restored = tmp_path / "restored"
    restore(file, restored, NOW, replace=False)
    with running_stack(restored) as again:
        headers = {"x-session-token": home.http.headers["x-session-token"]}
        url = f"{again.base_url}/api/port/{port_id}/history?resolution=raw&limit=200&from={before[0]}"
        readings: list[dict[str, Any]] = requests.get(url, headers=headers, timeout=60).json()["readings"]
    assert {*before} <= {reading["timestampMs"] for reading in readings}


def test_a_backup_is_private_and_has_no_logs_and_locks(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    with tarfile.open(saved) as archive:
        names = {*archive.getnames()}
    assert {"database.sqlite", "jwt_secret", "tls/ca.key", "manifest.json"} <= names
    assert not {name for name in names if name.endswith((".log", ".pid", "lock", "-wal", "-shm"))}


def test_files_are_restored_for_their_owner_only(saved: Path, tmp_path: Path) -> None:
    restore(saved, tmp_path / "data", NOW, replace=False)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_folder_with_data_is_not_overwritten_and_with_replace_it_is_kept(saved: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "database.sqlite").write_bytes(b"of somebody")
    with pytest.raises(BackupError, match=r"holds data already, and nothing was changed.*REPLACE=yes"):
        restore(saved, data, NOW, replace=False)
    assert (data / "database.sqlite").read_bytes() == b"of somebody"
    former = restore(saved, data, NOW, replace=True)
    assert former is not None
    assert (former / "database.sqlite").read_bytes() == b"of somebody"
    assert (data / "jwt_secret").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", former.name]


def test_a_running_stack_s_folder_is_not_restored(stack: RunningStack, saved: Path) -> None:
    with pytest.raises(StackError, match="is in use by another stack"):
        restore(saved, stack.data_dir, NOW, replace=True)
    assert requests.get(f"{stack.base_url}/api/health", timeout=60).ok


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_half_a_backup_changes_nothing(saved: Path, tmp_path: Path, keep: float) -> None:
    content = saved.read_bytes()
    half = tmp_path / "half.tar.gz"
    half.write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    with pytest.raises(BackupError, match="is no whole backup"):
        restore(half, tmp_path / "data", NOW, replace=False)
    assert not (tmp_path / "data").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["half.tar.gz"]


@pytest.mark.parametrize("name", ["../evil", "../../evil", "jwt_secret"])
def test_a_backup_with_files_that_it_should_not_have_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    forged = tmp_path / "forged.tar.gz"
    with tarfile.open(saved) as source, tarfile.open(forged, "w:gz") as target:
        for entry in source:
            target.addfile(entry, source.extractfile(entry))
        added = tarfile.TarInfo(name)
        added.size = 4
        target.addfile(added, io.BytesIO(b"evil"))
    with pytest.raises(BackupError):
        restore(forged, tmp_path / "data", NOW, replace=False)
    assert [path.name for path in tmp_path.iterdir()] == ["forged.tar.gz"]
    assert not (tmp_path.parent.parent / "evil").exists()


def test_the_commands_say_what_they_did(
    stack: RunningStack, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, data = tmp_path / "b.tar.gz", tmp_path / "data"
    assert main(["backup", str(file), "--data", str(stack.data_dir)]) == 0
    assert f"{file}: " in capsys.readouterr().out
    assert main(["backup", str(file), "--data", str(stack.data_dir)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["restore", str(file), "--data", str(data)]) == 0
    assert "holds the data of" in capsys.readouterr().out
    shutil.rmtree(data)
    assert main(["backup", "--data", str(data)]) == 1
    assert "There is no data" in capsys.readouterr().err
