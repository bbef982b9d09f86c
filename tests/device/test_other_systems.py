"""The agent on macOS and Windows, as far as that can be tried on Linux: without what they lack (another_system.py)."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ghostwatt_pi.commands.components import make_safe_states
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.observer import AgentObserver
from ghostwatt_pi.meters.serial_ports import is_there
from ghostwatt_pi.settings.config import BadSetting, load_settings
from serial.tools.list_ports_common import ListPortInfo

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event
from .pty_arduino import PtyArduino

LAUNCHER = Path(__file__).with_name("another_system.py")
SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1"]
SYSTEMS = ["darwin", "win32"]


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> str:
    """The system that the agent believes to run on."""
    return str(request.param)


@pytest.fixture
def agent(
    system: str, cloud: FakeCloud, directory: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Started]:
    """Commands on such a system, with an old character set and macOS's sysctl."""
    sysctl = tmp_path / "bin/sysctl"
    sysctl.parent.mkdir()
    sysctl.write_text('#!/bin/sh\n[ "$*" = "-n kern.bootsessionuuid" ] && echo 9A3C0000-0000-4000-8000-000000000001\n')
    sysctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sysctl.parent}:{os.environ['PATH']}")
    old_characters = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    for name, value in old_characters.items():
        monkeypatch.setenv(name, value)
    started = Started(cloud, directory.path, program=[str(LAUNCHER), system])
    yield started
    started.kill()


def test_simulated_readings_are_stored_and_a_signal_ends_the_agent(agent: Started, cloud: FakeCloud) -> None:
    process = agent.start(*SIMULATE)
    until(lambda: len(cloud.stored) > 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_recording_is_replayed_to_its_end(agent: Started, cloud: FakeCloud, tmp_path: Path) -> None:
    recording = tmp_path / "fernseher-für-alle.csv"
    recording.write_text("t_seconds,power_w\n" + "".join(f"{2 * n},8.5\n" for n in range(10)))
    process = agent.start("replay", str(recording), "--speed", "100")
    assert events(process)[-1]["stored"] == 10
    assert process.returncode == 0
    assert len(cloud.stored) == 10


@pytest.fixture
def arduino() -> Iterator[PtyArduino]:
    """A meter, which outlives the agents of a test."""
    arduino = PtyArduino(b'{"voltage": 230.1, "current": 0.4, "power": 92.0}\n')
    yield arduino
    arduino.close()


def test_a_meter_at_com3_is_read_and_switched(
    arduino: PtyArduino, agent: Started, cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("COM3").symlink_to(arduino.port)  # here a port is a file, which may have a Windows name
    agent.start("run", "--serial", "COM3")
    until(lambda: cloud.stored)
    cloud.command(1, "off", 2)
    until(lambda: {"port": 1, "relay": "off"} in arduino.heard)


def test_a_second_agent_in_the_same_folder_is_refused(agent: Started) -> None:
    next_event(agent.start(*SIMULATE), "uploaded")
    code, _ = agent.ask(*SIMULATE)
    assert code == 1
    assert "another ghostwatt-pi" in agent.said


def test_status_shows_the_running_agent(agent: Started) -> None:
    next_event(agent.start(*SIMULATE), "uploaded")
    until(lambda: json.loads(agent.ask("status", "--json")[1])["lastUploadAt"])
    document = json.loads(agent.ask("status", "--json")[1])
    assert document["running"]
    assert document["paired"]


def test_an_agent_starts_again_for_another_owner(agent: Started, cloud: FakeCloud, directory: DataDirectory) -> None:
    directory.save_key("key-1", owner_tag="anna")
    process = agent.start(*SIMULATE)
    next_event(process, "uploaded")
    cloud.api_key = "key-2"
    directory.save_key("key-2", owner_tag="bert")
    next_event(process, "key_replaced")
    next_event(process, "started")
    next_event(process, "uploaded")


def test_pairing_shows_its_code_where_the_terminal_has_no_block_characters(agent: Started, cloud: FakeCloud) -> None:
    DataDirectory(agent.folder).key_path.unlink()
    cloud.claim_state = "approved"
    code, said = agent.ask("claim")
    assert code == 0
    assert "paired" in said.lower()


def test_setup_says_that_the_service_needs_systemd(agent: Started) -> None:
    code, said = agent.ask("setup", "--dry-run", "--serial", "COM3")
    assert code == 0
    assert "the service needs root and systemd" in said


@pytest.mark.parametrize("system", ["win32"], indirect=True)
def test_without_unix_sockets_a_switch_by_hand_says_so(agent: Started) -> None:
    process = agent.start(*SIMULATE)
    assert "no Unix sockets" in str(next_event(process, "warning")["text"])
    code, _ = agent.ask("switch", "1", "off")
    assert code == 1
    assert "stop it first, or switch on the page" in agent.said


@pytest.mark.parametrize("system", ["darwin"], indirect=True)
def test_a_mac_switches_an_outlet_by_hand(agent: Started, cloud: FakeCloud) -> None:
    next_event(agent.start(*SIMULATE), "uploaded")
    assert agent.ask("switch", "1", "off")[0] == 0
    until(lambda: any(report["state"] == "off" for report in cloud.reports))


def test_a_state_after_power_loss_is_refused_where_no_boot_has_an_id(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    settings = load_settings({"relay_after_power_loss": "off", "data": str(directory.path)}, {})
    with pytest.raises(BadSetting, match="relay_after_power_loss must be keep"):
        make_safe_states(settings, AgentObserver(RecordedLog()), directory)


def test_a_port_that_is_no_file_is_there_if_the_system_lists_it() -> None:
    ports = [ListPortInfo("COM3")]
    assert is_there("com3", lambda: ports)
    assert not is_there("COM4", lambda: ports)
