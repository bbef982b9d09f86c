from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.systemd_notify import Notifier

from .fake_cloud import FakeCloud
from .processes import Started


class Manager:
    """systemd's end of the line."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.settimeout(5)

    def heard(self) -> str:
        return self.line.recv(4096).decode()


@pytest.fixture(params=["file", "abstract"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Manager, str]]:
    name = f"@ghostwatt-{tmp_path.name}" if request.param == "abstract" else str(tmp_path / "s")
    manager = Manager(name.replace("@", "\0"))
    yield manager, name
    manager.line.close()


def test_systemd_hears_that_the_service_is_ready_alive_and_stopping(named: tuple[Manager, str]) -> None:
    manager, name = named
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "4000000"})
    notifier.ready("Works\nwell")
    assert manager.heard() == "READY=1\nSTATUS=Works well"
    notifier.alive()
    notifier.alive()  # within a quarter of the watchdog's time nothing more is said
    notifier.stopping()
    assert [manager.heard(), manager.heard()] == ["WATCHDOG=1", "STOPPING=1"]


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *family: opened.append(family))
    notifier = Notifier({})
    notifier.ready("")
    notifier.alive()
    notifier.stopping()
    assert opened == []


SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


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
