from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.state_file import AgentState, NewestReading
from ghostwatt_pi.measurement import now_ms

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started


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
        until(lambda: os.write(arduino, line) and process.poll() is not None)
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


def test_readings_that_come_too_rarely_are_said_by_status_and_doctor(
    directory: DataDirectory, pi: Started, tmp_path: Path
) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    state = AgentState(is_online=True, newest={1: NewestReading(2.8, now_ms())}, slow={1: 300.4})
    directory.state_path.write_text(json.dumps(asdict(state)))
    sentence = "outlet 1: readings come 300 s apart; they must come within 120 s or say how long they held"
    with directory.lock():  # as a running agent does; it answers nothing here, so its file counts
        code, out = pi.ask("status", "--json")
        assert (code, json.loads(out)["troubles"]) == (4, [sentence])
        code, out = pi.ask("doctor", "--json", "--serial", str(port))
    (serial,) = [finding for finding in json.loads(out)["findings"] if finding["name"] == "serial"]
    assert (code, serial["state"], serial["says"]) == (4, "fail", sentence)
    assert "every 60 s" in serial["mend"]
