"""What a person sees and answers at a real terminal, and a meter at a real serial line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.outlets.records import OutletRecord, read_outlets

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


class Terminal:
    """A command at a pseudo-terminal; `seen` is all that it wrote there."""

    def __init__(self, cloud: FakeCloud, folder: Path, arguments: Sequence[str]) -> None:
        self.seen = ""
        self._ours, theirs = pty.openpty()
        place = ["--api", cloud.url, "--data", str(folder), "--port", "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ghostwatt_pi", *arguments, *place], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def answer(self, question: str, text: str) -> None:
        """Wait for the question, and type."""
        until(lambda: question in self.seen)
        os.write(self._ours, f"{text}\n".encode())

    def end(self) -> int:
        """Wait for the exit code."""
        code = self._process.wait(60)
        self._reader.join()
        os.close(self._ours)
        return code

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 4096):
                self.seen += data.decode()
        except OSError:  # the last program has closed the terminal
            pass


class Arduino:
    """Measures outlet 1 ten times a second, and does what it is told."""

    def __init__(self) -> None:
        self.log: list[dict[str, object]] = []
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)  # as a wire: no echo
        self.port = os.ttyname(self._theirs)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._measure, self._listen)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        self._threads[0].join()
        os.close(self._theirs)
        self._threads[1].join()
        os.close(self._ours)

    def _measure(self) -> None:
        while not self._stop.wait(0.1):
            os.write(self._ours, b'{"port": 1, "voltage": 229.5, "current": 0.1, "power": 23.0}\n')

    def _listen(self) -> None:
        try:
            with open(self._ours, "rb", closefd=False) as lines:
                for line in lines:
                    self.log.append(json.loads(line))
                    os.write(self._ours, line)
        except OSError:  # the line is closed
            pass


@pytest.fixture
def arduino() -> Iterator[Arduino]:
    made = Arduino()
    yield made
    made.close()


def test_the_doctor_switches_an_outlet_off_and_on_after_a_yes(cloud: FakeCloud, pi: Started) -> None:
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    terminal = Terminal(cloud, pi.folder, ["doctor", "--switch", "1"])
    terminal.answer("Outlet 1 loses its power for a moment. Go on?", "y")
    terminal.end()
    assert "outlet 1 went off and on again" in terminal.seen
    until(lambda: any(report.get("reason") == "by_hand" for report in cloud.reported(1)))
    assert cloud.reported(1)[-1]["state"] == "on"


@pytest.mark.parametrize("answer", ["n", ""])
def test_the_doctor_switches_nothing_without_a_yes(cloud: FakeCloud, pi: Started, answer: str) -> None:
    next_event(pi.start(*SIMULATE), "uploaded")
    terminal = Terminal(cloud, pi.folder, ["doctor", "--switch", "1"])
    terminal.answer("Go on?", answer)
    terminal.end()
    assert "outlet 1 was not switched: nobody said yes" in terminal.seen


def test_a_switch_without_an_agent_goes_directly_to_the_meter_and_is_remembered(
    pi: Started, directory: DataDirectory, arduino: Arduino
) -> None:
    directory.outlets_path.write_text('{"1": {"port_id": "port-1", "version": 4, "state": "on", "reported": true}}')
    code, out = pi.ask("switch", "1", "off", "--serial", arduino.port)
    assert (code, out) == (0, "Outlet 1 is off. The cloud's next command to it wins.\n")
    assert arduino.log[-1] == {"port": 1, "relay": "off"}
    assert read_outlets(directory.outlets_path) == {1: OutletRecord("port-1", 4, "off", "by_hand", reported=False)}


def test_a_replay_draws_its_bar_for_a_person(cloud: FakeCloud, pi: Started, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n" + "".join(f"{5 * n},{n % 90}\n" for n in range(400)))
    terminal = Terminal(cloud, pi.folder, ["replay", str(tmp_path / "a.csv"), "--speed", "1000"])
    assert terminal.end() == 0
    assert "\rReplayed [##############################] 100% 400 of 400" in terminal.seen
    assert "Sent 400 readings: 400 stored" in terminal.seen


def archive(directory: DataDirectory) -> None:
    """Seven readings that version 0.1.0 archived when a new key came."""
    folder = directory.former_dir / "1"
    folder.mkdir(parents=True)
    with closing(ReadingStore(folder / directory.buffer_path.name)) as store:
        store.add([Measurement(1, now_ms() - 3_600_000 + 2000 * n, 230.0, 0.1, 23.0) for n in range(7)])


def test_archived_readings_are_listed_and_sent_when_their_owner_says_yes(
    cloud: FakeCloud, pi: Started, directory: DataDirectory
) -> None:
    archive(directory)
    listed = json.loads(pi.ask("backlog", "--former", "--json")[1])["former"]
    assert [(each["number"], each["readings"]) for each in listed] == [(1, 7)]
    terminal = Terminal(cloud, pi.folder, ["backlog", "--send-former", "1"])
    terminal.answer("Are they yours?", "yes")
    assert terminal.end() == 0
    assert len(cloud.stored) == 7
    assert pi.ask("backlog", "--former")[1] == "Nothing was put aside.\n"


def test_archived_readings_stay_there_without_a_yes(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    archive(directory)
    terminal = Terminal(cloud, pi.folder, ["backlog", "--send-former", "1"])
    terminal.answer("Are they yours?", "")
    assert terminal.end() == 3
    assert pi.ask("backlog", "--send-former", "1") == (3, "Nothing is sent: nobody said yes.\n")
    assert json.loads(pi.ask("backlog", "--json")[1])["putAside"] == 7
    assert cloud.stored == {}


def test_a_folder_that_is_not_there_is_named(pi: Started) -> None:
    assert pi.ask("backlog", "--send-former", "4")[0] == 1
    assert "--send-former 4" in pi.said
