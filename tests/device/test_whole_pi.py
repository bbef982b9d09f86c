"""A real `ghostwatt-pi run`, with the real sketch at the other end of its serial line, a cloud and the local page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ghostwatt_pi.data_directory import DataDirectory

from .arduino_build import build_host
from .conftest import until
from .fake_cloud import FakeCloud


class WholePi:
    """The agent and the Arduino as processes."""

    def __init__(self, folder: Path, directory: DataDirectory, cloud: FakeCloud, *options: str) -> None:
        masters, slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
        for slave in slaves:
            tty.setraw(slave)
        for source, target in (masters, masters[::-1]):
            threading.Thread(target=_carry, args=[source, target], daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        sketch = [str(build_host(folder)), os.ttyname(slaves[0]), str(folder / "eeprom")]
        agent = [sys.executable, "-m", "ghostwatt_pi", "run", "--api", cloud.url, "--data", str(directory.path)]
        agent += ["--serial", os.ttyname(slaves[1]), "--port", str(self._port), *options]
        self._processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in (sketch, agent)]

    def get(self, path: str) -> requests.Response | None:
        """An answer of the local page; None before it is there."""
        try:
            return requests.get(f"http://127.0.0.1:{self._port}/{path}", timeout=60)
        except requests.ConnectionError:
            return None

    def status(self) -> dict[str, Any]:
        answer = self.get("status")
        body: dict[str, Any] = answer.json() if answer else {"outlets": []}
        return body

    def relay(self, channel: int) -> str | None:
        return next((outlet["state"] for outlet in self.status()["outlets"] if outlet["channel"] == channel), None)

    def close(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(20)


def _carry(source: int, target: int) -> None:
    while data := os.read(source, 1024):
        os.write(target, data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("the whole Pi is not tried: that needs g++ for the sketch")
    return tmp_path


@pytest.fixture
def pi(folder: Path, directory: DataDirectory, cloud: FakeCloud) -> Iterator[WholePi]:
    made = WholePi(folder, directory, cloud)
    yield made
    made.close()


def test_a_command_of_the_cloud_reaches_the_relay_and_the_page_shows_it(pi: WholePi, cloud: FakeCloud) -> None:
    until(lambda: pi.status()["outlets"] and pi.status()["settled"].get("stored"))
    cloud.command(1, "off", 2)
    until(lambda: {"portId": "port-1", "state": "off", "version": 2} in cloud.reported(1))
    assert pi.relay(1) == "off"
    metrics = pi.get("metrics")
    assert metrics is not None
    assert 'ghostwatt_relay_on{channel="1"} 0\n' in metrics.text
    assert 'ghostwatt_watts{channel="2"} 16230.5\n' in metrics.text


@pytest.fixture
def cautious_pi(
    folder: Path, directory: DataDirectory, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WholePi]:
    """One that has booted anew, and whose owner wants all outlets on after that."""
    (directory.path / "boot_id").write_text("another boot")
    monkeypatch.setenv("GHOSTWATT_RELAY_AFTER_POWER_LOSS", "on")
    directory.outlets_path.write_text('{"1": {"port_id": "port-1", "version": 2, "state": "off", "reported": true}}')
    cloud.command(1, "off", 2)
    made = WholePi(folder, directory, cloud)
    yield made
    made.close()


def test_after_a_power_loss_the_safe_state_is_taken_and_the_cloud_hears_of_it(
    cautious_pi: WholePi, cloud: FakeCloud
) -> None:
    until(lambda: [report["state"] for report in cloud.reported(1)] == ["on"], seconds=60)
    assert cautious_pi.relay(1) == "on"
