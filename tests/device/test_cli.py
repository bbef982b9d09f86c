"""The command as a person or a parent process uses it: a real process."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ghostwatt_pi.cli import main
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.identity import device_id

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event

SIMULATE = ["simulate", "--profile", "television", "--profile", "fridge", "--interval", "0.1", "--seed", "1"]


def test_a_parent_process_follows_a_simulated_pi_from_its_claim_to_a_cut(cloud: FakeCloud, pi: Started) -> None:
    (pi.folder / "api_key").unlink()
    process = pi.start(*SIMULATE)
    claim = next_event(process, "claim")
    assert claim["userCode"] == "ABCD-2345"
    assert claim["verificationUriComplete"] == "http://127.0.0.1/pair?code=ABCD-2345"
    cloud.claim_state = "approved"
    next_event(process, "paired")
    assert next_event(process, "uploaded")["readings"]
    cloud.command(1, "off", 2)
    assert next_event(process, "relay") == {"event": "relay", "channel": 1, "state": "off", "watts": 0.0}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_flag_that_no_longer_exists_is_told_and_changes_nothing(cloud: FakeCloud, pi: Started) -> None:
    process = pi.start(*SIMULATE, "--local-detect")
    assert "local_detect (--local-detect) no longer exists" in str(next_event(process, "warning")["text"])
    next_event(process, "uploaded")


def spooled(folder: Path) -> set[tuple[str, int]]:
    """(port, time) of what the buffer holds; ports are named after channels."""
    with sqlite3.connect(folder / "spool.sqlite") as db:
        rows = db.execute("SELECT channel, timestamp_ms FROM readings").fetchall()
    db.close()
    return {(f"port-{channel}", timestamp_ms) for channel, timestamp_ms in rows}


def more_attempts(cloud: FakeCloud) -> None:
    """Wait for the next batch to arrive."""
    before = len(cloud.attempts)
    until(lambda: len(cloud.attempts) > before)


def resends(cloud: FakeCloud) -> int:
    """How often a batch arrived that had arrived before."""
    return len(cloud.attempts) - len({batch_id for batch_id, _ in cloud.attempts})


def test_killed_between_reading_and_answer_nothing_is_lost_or_doubled(cloud: FakeCloud, pi: Started) -> None:
    cloud.add_port(2)
    read: set[tuple[str, int]] = set()
    for _ in range(4):
        process = pi.start(*SIMULATE)
        next_event(process, "uploaded")
        cloud.silent.set()  # from now on batches are stored, but the Pi is not told
        more_attempts(cloud)
        process.send_signal(signal.SIGKILL)
        process.wait()
        read |= spooled(pi.folder)
        cloud.silent.clear()
    cloud_had = set(cloud.stored)
    assert read & cloud_had, "no reading was stored without the Pi knowing: the test tests nothing"
    pi.start(*SIMULATE)
    until(lambda: read <= set(cloud.stored) and resends(cloud) >= 4)
    assert all(readings == cloud.batches[batch_id] for batch_id, readings in cloud.attempts)
    sent_in = [(r["portId"], r["timestampMs"]) for readings in cloud.batches.values() for r in readings]
    assert len(sent_in) == len(set(sent_in)), "a reading went out in two batches"


def test_a_second_agent_in_the_same_folder_is_refused(pi: Started, capsys: pytest.CaptureFixture[str]) -> None:
    next_event(pi.start(*SIMULATE), "uploaded")
    assert main([*SIMULATE, "--data", str(pi.folder), "--port", "0"]) == 1
    assert "another ghostwatt-pi" in capsys.readouterr().err


def test_a_new_identity_is_another_device_that_knows_nothing_of_the_old(cloud: FakeCloud, pi: Started) -> None:
    before = device_id(DataDirectory(pi.folder))
    (pi.folder / "spool.sqlite").write_text("the old owner's")
    cloud.claim_state = "approved"
    process = pi.start("claim", "--new-identity")
    assert events(process)[-1] == {"event": "paired", "deviceId": device_id(DataDirectory(pi.folder))}
    assert device_id(DataDirectory(pi.folder)) != before
    assert not (pi.folder / "spool.sqlite").exists()


def test_ctrl_c_while_waiting_for_approval_ends_cleanly(pi: Started) -> None:
    (pi.folder / "api_key").unlink()
    process = pi.start("claim")
    next_event(process, "claim")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["simulate", "--profile", "toaster"],
        ["simulate", "--volts", "240:220"],
        ["simulate", "--interval", "nan"],
        ["replay", "a.csv", "--speed", "1001"],
        ["replay"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2


def test_an_error_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GHOSTWATT_API", raising=False)
    assert main(["run", "--env", "cloud", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "ghostwatt-pi: api is not set: give the cloud's address with --api, GHOSTWATT_API or config.toml"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user: not tried")
def test_who_may_not_look_is_told_of_sudo(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir(mode=0o700)
    script = f"""
import os, sys
from ghostwatt_pi.cli import main
os.setgid(65534); os.setuid(65534)
sys.argv = ["ghostwatt-pi", "status", "--data", {str(folder)!r}]
sys.exit(main(sys.argv[1:]))
"""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert f"sudo ghostwatt-pi status --data {folder}" in done.stderr
    assert "[Errno" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user: not tried")
def test_root_works_in_the_services_folder_as_the_services_user() -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))  # below a folder of pytest's nobody else may look
    try:
        os.chown(folder, nobody, -1)
        command = [sys.executable, "-m", "ghostwatt_pi", "status", "--json", "--data", str(folder)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        assert {path.stat().st_uid for path in folder.iterdir()} == {nobody}
    finally:
        shutil.rmtree(folder)
