"""status, backlog, switch, claim and doctor beside a running agent and without one: real processes."""

from __future__ import annotations

import json
import os
import pty
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.ownership import take_ownership
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.commands.exit_codes import MEANINGS
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.state_file import read_state
from ghostwatt_pi.measurement import Measurement, now_ms

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud
from .processes import Started, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


def buffer(directory: DataDirectory, readings: int) -> None:
    """Readings of channel 1 that wait, one in two seconds up to now."""
    take_ownership(directory, RecordedLog())
    with closing(ReadingStore(directory.buffer_path)) as spooled:
        spooled.add([Measurement(1, now_ms() - 2000 * back, 230.0, 0.1, 23.0) for back in range(readings, 0, -1)])


def test_status_says_how_the_running_agent_does(cloud: FakeCloud, pi: Started) -> None:
    next_event(pi.start(*SIMULATE), "uploaded")
    until(lambda: read_state(DataDirectory(pi.folder).state_path).is_online)
    code, out = pi.ask("status", "--json")
    said = json.loads(out)
    assert code == 0
    assert (said["paired"], said["running"], said["online"], said["trouble"]) == (True, True, True, None)
    assert said["lastUploadAt"].endswith("Z")
    assert said["outlets"] == [{"channel": 1, "portId": "port-1", "state": "on", "reason": None}]
    assert "running" in pi.ask("status")[1]


def test_status_without_an_agent_is_exit_code_4(pi: Started) -> None:
    code, out = pi.ask("status", "--json")
    assert (code, json.loads(out)["running"], json.loads(out)["online"]) == (4, False, False)


def test_the_backlog_is_shown_and_sent(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    buffer(directory, 1200)
    code, out = pi.ask("backlog", "--json")
    shown = json.loads(out)
    assert (code, shown["readings"], shown["channels"][0]["readings"]) == (0, 1200, 1200)
    code, out = pi.ask("backlog", "--send", "--json")
    assert (code, json.loads(out)["readings"], len(cloud.stored)) == (0, 0, 1200)
    assert "1200 stored" in pi.said
    assert "\r" not in pi.said, "a progress bar where no terminal is"


def test_what_the_backlog_cannot_send_is_exit_code_3(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    cloud.relays.clear()
    buffer(directory, 3)
    assert pi.ask("backlog", "--send")[0] == 3


def test_the_backlog_names_what_was_refused_and_why(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    cloud.reject = lambda _: "too_old"
    buffer(directory, 5)
    pi.ask("backlog", "--send")
    assert json.loads(pi.ask("backlog", "--json")[1])["rejected"][0]["readings"] == 5
    assert "Refused: too_old (power)" in pi.ask("backlog")[1]


def test_sending_the_backlog_obeys_no_command_since_there_is_no_relay(
    cloud: FakeCloud, pi: Started, directory: DataDirectory
) -> None:
    cloud.command(1, "off", 2)
    buffer(directory, 5)
    assert pi.ask("backlog", "--send")[0] == 0
    assert cloud.reported(1) == []


def test_a_switch_by_hand_is_done_by_the_agent_and_the_clouds_next_command_wins(cloud: FakeCloud, pi: Started) -> None:
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    code, out = pi.ask("switch", "1", "off")
    assert (code, "next command" in out) == (0, True)
    until(lambda: any(report["state"] == "off" for report in cloud.reported(1)))
    assert cloud.reported(1)[-1] == {"portId": "port-1", "state": "off", "version": 1, "reason": "by_hand"}
    cloud.command(1, "on", 2)
    until(lambda: cloud.reported(1)[-1] == {"portId": "port-1", "state": "on", "version": 2})


def test_a_switch_without_agent_and_meter_says_what_is_missing(pi: Started) -> None:
    code, _ = pi.ask("switch", "1", "off", "--serial", "/dev/does-not-exist")
    assert (code, "doctor" in pi.said) == (1, True)


def test_a_claim_by_another_owner_beside_the_agent_drops_what_waits(
    cloud: FakeCloud, pi: Started, directory: DataDirectory
) -> None:
    directory.save_key("key-1", owner_tag="anna")
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    cloud.api_key = "key-2"  # released: another person may claim the Pi now
    next_event(agent, "key_refused")
    before = set(cloud.stored)
    cloud.claim_state, cloud.owner_tag = "approved", "bert"
    code, out = pi.ask("claim", "--json")
    claimed_ms = now_ms()
    assert (code, json.loads(out)["paired"]) == (0, True)
    next_event(agent, "key_replaced")
    assert next_event(agent, "former_dropped")["readings"]
    next_event(agent, "uploaded")
    new = set(cloud.stored) - before
    assert min(at_ms for _, at_ms in new) > claimed_ms - 3000  # the agent looks for a key every two seconds
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0


def test_who_keeps_his_readings_gets_them(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    directory.save_key("key-1", owner_tag="anna")
    buffer(directory, 7)
    cloud.api_key, cloud.claim_state, cloud.owner_tag = "key-2", "approved", "bert"
    assert pi.ask("claim", "--keep-readings")[0] == 0
    assert pi.ask("backlog", "--send")[0] == 0
    assert len(cloud.stored) == 7


@pytest.mark.parametrize(("tag", "left"), [("bert", 0), ("anna", 7), (None, 7)])
def test_a_claim_without_an_agent_drops_what_waits_only_if_it_shows_another_owner(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tag: str | None, left: int
) -> None:
    directory.save_key("key-1", owner_tag="anna")
    buffer(directory, 7)
    cloud.api_key, cloud.claim_state, cloud.owner_tag = "key-2", "approved", tag
    assert pi.ask("claim")[0] == 0
    shown = json.loads(pi.ask("backlog", "--json")[1])
    assert (shown["readings"], shown["putAside"]) == (left, 0)


def test_systemd_hears_of_a_whole_run(cloud: FakeCloud, pi: Started, tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        os.environ.update(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000")
        try:
            agent = pi.start(*SIMULATE)
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        assert manager.recv(999) == b"READY=1\nSTATUS=Working"
        assert manager.recv(999).startswith(b"STATUS=Sending to ")
        assert [manager.recv(999) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        agent.send_signal(signal.SIGTERM)
        while (heard := manager.recv(999)) == b"WATCHDOG=1":
            pass
        assert heard == b"STOPPING=1"


def test_in_the_journal_a_line_has_its_priority(pi: Started) -> None:
    command = [sys.executable, "-m", "ghostwatt_pi", "backlog", "--send", "--data", str(pi.folder), "--port", "0"]
    out = pi.folder / "journal"
    with out.open("w") as file:
        place = os.fstat(file.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"}
        agent = subprocess.Popen([*command, "--api", "http://127.0.0.1:9/api"], stdout=file, env=environment)
    try:
        until(lambda: "<4>The cloud cannot be reached" in out.read_text())
        assert out.read_text().startswith("<6>")
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(10)


def findings(out: str) -> dict[str, list[tuple[str, str | None]]]:
    found: dict[str, list[tuple[str, str | None]]] = {}
    for finding in json.loads(out)["findings"]:
        found.setdefault(finding["name"], []).append((finding["state"], finding["mend"]))
    return found


def test_the_doctor_finds_all_well_with_a_cloud_and_a_meter(cloud: FakeCloud, pi: Started) -> None:
    arduino, port = pty.openpty()
    try:
        process = pi.start("doctor", "--json", "--serial", os.ttyname(port))
        line = b'{"voltage": 230.1, "current": 0.4, "power": 92.0}\n'
        until(lambda: os.write(arduino, line) and process.poll() is not None, 40)
        assert process.stdout
        found = findings(process.stdout.read())
    finally:
        os.close(arduino)
        os.close(port)
    assert {name: [state for state, _ in all_of] for name, all_of in found.items()} == {
        "network": ["ok"], "key": ["ok"], "clock": ["ok"], "serial": ["ok"], "disk": ["ok", "ok"], "relay": ["ok"]
    }  # fmt: skip
    assert process.returncode == 0


def test_the_doctor_says_how_to_mend_each_fault(cloud: FakeCloud, pi: Started) -> None:
    cloud.api_key = "another"
    (pi.folder / "spool.sqlite").write_bytes(b"SQLite format 3\0" + b"garbage" * 999)
    code, out = pi.ask("doctor", "--json", "--serial", "/dev/does-not-exist")
    found = findings(out)
    assert code == 4
    for name in ("key", "serial", "disk"):
        assert [mend for state, mend in found[name] if state == "fail" and mend], name
    assert "ghostwatt-pi claim" in str(found["key"])


@pytest.mark.parametrize(
    ("api", "mend"),
    [("http://no-such-name.invalid/api", "online"), ("http://127.0.0.1:9/api", "firewall")],
)
def test_the_doctor_names_the_step_on_which_the_network_fails(pi: Started, api: str, mend: str) -> None:
    command = [sys.executable, "-m", "ghostwatt_pi", "doctor", "--json", "--data", str(pi.folder), "--api", api]
    done = subprocess.run([*command, "--serial", "/dev/null"], capture_output=True, text=True, timeout=60, check=False)
    state, how = findings(done.stdout)["network"][0]
    assert (state, mend in str(how)) == ("fail", True)


def test_a_clock_that_is_wrong_is_a_warning(cloud: FakeCloud, pi: Started) -> None:
    cloud.server_time_ms = now_ms() + 3_600_000
    _, out = pi.ask("doctor", "--json", "--serial", "/dev/does-not-exist")
    assert findings(out)["clock"] == [("warn", "let systemd set it: sudo timedatectl set-ntp true")]


def test_the_events_of_a_parent_process_are_not_mixed_with_a_document(cloud: FakeCloud, pi: Started) -> None:
    cloud.claim_state = "approved"
    (pi.folder / "api_key").unlink()
    _, out = pi.ask("claim", "--json")
    assert json.loads(out)["paired"] is True
    assert "ABCD-2345" in pi.said


def test_exit_codes_are_in_the_help_and_the_readme() -> None:
    readme = Path(__file__).parents[2].joinpath("device/README.md").read_text()
    for code, meaning in MEANINGS.items():
        assert f"{code} {meaning}" in str(build_parser().epilog)
        assert f"| {code} | {meaning} |" in readme


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
